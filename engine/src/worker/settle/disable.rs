//! Taking a webhook out of service: because a receiver asked for it, because its health says so, or because nothing may follow
//! a delivery that was given up.

use super::plan_lane::{Disable, LanePlan};
use crate::delivery::verdict::End;
use crate::ports::{Entry, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, AttemptState, Webhook};
use crate::support::error::Error;
use crate::worker::health;
use crate::worker::state::{Ctx, Ended, LeasedLane, Report};

/// Reads the webhook's row if a receiver asked for its end. One reading decides everything that follows from that.
pub(super) fn read_if_asked(host: &dyn Host, lane: &Lane, ended: &[Ended]) -> Result<Option<Entry>, Error> {
    if ended.iter().all(|ended| ended.wish.disable.is_none()) {
        return Ok(None);
    }
    Ok(host.get_one(&keys::webhook(lane))?)
}

/// Drops the wish for the end of a webhook that has been made active again, or given another URL, since the request was sent: the
/// attempt has failed like any other. Returns true if there was such a wish.
pub(super) fn take_back(webhook: Option<&Entry>, ended: &mut [Ended]) -> bool {
    // A row that cannot be decoded is reported where it is to be changed.
    let webhook = webhook.and_then(|entry| rows::decode::<Webhook>(&entry.key, &entry.value).ok());
    let Some(webhook) = webhook else { return false };
    let is_stale = |ended: &&mut Ended| {
        let target = ended.target.as_ref().filter(|_| ended.wish.disable.is_some());
        target.is_some_and(|target| target.activated_at_ms() != webhook.activated_at_ms.unwrap_or(0))
    };
    let mut stale = false;
    for ended in ended.iter_mut().filter(is_stale) {
        stale = true;
        ended.wish.disable = None;
        ended.attempt.detail = ended.wish.end.map(End::detail);
        if ended.wish.otherwise_at_ms.is_some() {
            ended.attempt.state = AttemptState::Retrying;
            ended.attempt.next_at_ms = ended.wish.otherwise_at_ms;
        }
    }
    stale
}

/// The inputs of the decision to disable a webhook, beside the plan.
pub(super) struct Inputs<'s, 'a> {
    pub ctx: &'s Ctx<'a>,
    pub lane: &'s Lane,
    pub leased: &'s LeasedLane,
    /// The webhook's row, if it was read before.
    pub webhook: Option<Entry>,
    pub now_ms: u64,
}

/// Returns the webhook taken out of service, if a receiver asked for it or its health says so: once, and not if it has been made
/// active again or given another URL meanwhile. The attempts that decide it are recorded by the same commit.
pub(super) fn disable(
    inputs: Inputs<'_, '_>,
    planned: &LanePlan,
    report: &mut Report,
) -> Result<Option<Disable>, Error> {
    let Inputs { ctx, lane, leased, webhook, now_ms } = inputs;
    let asked = planned.ended.iter().rev().find(|ended| ended.wish.disable.is_some());
    let given_up = planned.ended.iter().find(|ended| leased.strict && ended.is_given_up());
    let last = planned.ended.iter().rev().find(|ended| ended.target.is_some());
    let health = planned.health.as_ref().filter(|_| last.is_some());
    let unhealthy = health.and_then(|health| health::reason_to_disable(ctx.config, health));
    let Some(decisive) = asked.or(given_up).or(last.filter(|_| unhealthy.is_some())) else { return Ok(None) };
    let entry = match webhook {
        Some(entry) => Some(entry),
        None => ctx.host.get_one(&keys::webhook(lane))?,
    };
    let Some(entry) = entry else { return Ok(None) };
    let webhook: Webhook = match rows::decode(&entry.key, &entry.value) {
        Ok(webhook) => webhook,
        Err(error) => {
            // The attempts are recorded all the same, and no other lane waits for this one.
            report.tell(&error);
            return Ok(None);
        }
    };
    let paused = || given_up.filter(|_| webhook.pauses()).map(reason_of_pause);
    let reason = asked.and_then(|asked| asked.wish.disable.clone()).or_else(paused).or(unhealthy);
    let target = decisive.target.as_ref();
    let same = target.is_none_or(|target| target.activated_at_ms() == webhook.activated_at_ms.unwrap_or(0));
    let Some(reason) = reason.filter(|_| webhook.active && same) else { return Ok(None) };
    let webhook = Webhook { active: false, inactive_reason: Some(reason), updated_at_ms: now_ms, ..webhook };
    Ok(Some(Disable { version: entry.version, webhook }))
}

/// Returns why nothing follows, in strict order, a delivery that was given up.
fn reason_of_pause(given_up: &Ended) -> String {
    let problem = match (given_up.attempt.state, given_up.wish.end) {
        (AttemptState::Failed, _) => "could not be sent".to_owned(),
        (_, Some(End::FinalStatus(status))) => format!("was ended by the status {status}"),
        _ => "exhausted its attempts".to_owned(),
    };
    format!("paused: {} {problem}", given_up.delivery.message)
}
