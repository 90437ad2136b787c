//! Tells the administrator what a commit has recorded: deliveries that were given up, and webhooks that were disabled.

use super::plan::Plan;
use crate::ports::Host;
use crate::store::keys::Lane;
use crate::store::rows::{Attempt, AttemptState};
use crate::worker::state::Ended;

/// The number of messages that one line names, at most.
const MESSAGES_NAMED_MAX: usize = 3;

/// Writes at most two lines for each lane.
pub(super) fn tell(host: &dyn Host, plan: &Plan) {
    for (lane, planned) in &plan.lanes {
        if let Some(line) = given_up(lane, &planned.ended) {
            host.warn(&line);
        }
        if let Some(disable) = &planned.disable {
            let reason = disable.webhook.inactive_reason.as_deref().unwrap_or("no reason was recorded");
            host.warn(&format!("{} was disabled: {reason}", named(lane)));
        }
    }
}

fn given_up(lane: &Lane, ended: &[Ended]) -> Option<String> {
    let is_given_up = |one: &&Ended| matches!(one.attempt.state, AttemptState::Exhausted | AttemptState::Failed);
    let all: Vec<&Ended> = ended.iter().filter(|one| !one.gone).filter(is_given_up).collect();
    let last = all.last()?;
    let messages: Vec<&str> = all.iter().take(MESSAGES_NAMED_MAX).map(|one| one.delivery.message.as_str()).collect();
    let more = if all.len() > MESSAGES_NAMED_MAX { ", ..." } else { "" };
    let count = if all.len() == 1 { "a delivery".to_owned() } else { format!("{} deliveries", all.len()) };
    let named = named(lane);
    Some(format!("{named} has given up {count}: {}{more}; {}", messages.join(", "), outcome(&last.attempt)))
}

fn named(lane: &Lane) -> String {
    format!("webhook {} of tenant {}", lane.webhook(), lane.tenant_part())
}

fn outcome(attempt: &Attempt) -> String {
    match (attempt.status, &attempt.error) {
        (Some(status), _) => format!("the last response was {status}"),
        (None, Some(error)) => format!("the last error was {}", error.as_str()),
        (None, None) => "there was no attempt".to_owned(),
    }
}
