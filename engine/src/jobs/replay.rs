//! Sends a webhook the messages of a time range that it subscribes to now and was never sent, or that were skipped. They are
//! found by the rows that list routed messages, in the order of acceptance.

use crate::delivery::redeliver;
use crate::event::pattern;
use crate::jobs::asks::{Asks, Found, Sendable, sendable};
use crate::jobs::step::{JobContext, Step, Work, fence};
use crate::ports::{Direction, Entry};
use crate::store::keys;
use crate::store::rows::{self, AttemptState, DeliveryState, JobState, Queue, Routed, RoutedMessage};
use crate::support::error::Error;
use crate::support::limits::{CLOCK_SKEW_MS_MAX, JOB_MESSAGES_MAX, JOB_ROWS_MAX, REPLAY_AFTER_MS, ROUTE_MESSAGES_MAX};

/// Makes one step. The first is a fence: routing that read the subscriptions before it cannot commit after it, so messages
/// routed later reach the webhook anyway. A message may be routed by a different clock from the one that accepted it.
pub(super) fn step(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let tenant_part = work.lane.tenant_part();
    let Some(place) = &work.job.place else {
        let from_ms = work.job.range_ms().0.saturating_sub(CLOCK_SKEW_MS_MAX);
        step.job.place = Some(keys::routed(tenant_part, from_ms, "-"));
        return fence(ctx, work, step);
    };
    let Some(mut asks) = Asks::begin(ctx, work, step)? else { return Ok(()) };
    let page = ctx.host.scan(&keys::routed_from(tenant_part, place), JOB_ROWS_MAX, Direction::Forward)?;
    let mut last = page.len() < JOB_ROWS_MAX as usize;
    let end_ms = work.job.created_at_ms.saturating_add(REPLAY_AFTER_MS);
    for entry in page {
        if keys::kept_at(&entry.key).is_some_and(|(_, at_ms)| at_ms > end_ms) {
            // The commit that routed these messages had read the present subscriptions.
            last = true;
            break;
        }
        let after = work.job.after.as_ref().filter(|_| *place == entry.key);
        if !replay(ctx, work, step, &mut asks, &entry, after)? {
            return Ok(());
        }
        step.job.place = Some(keys::next(&entry.key));
        step.job.after = None;
    }
    if last {
        step.job.state = JobState::Done;
    }
    Ok(())
}

/// Looks at the messages of one routing commit. Returns true if the step has looked at all of them and may go on.
fn replay(
    ctx: &mut JobContext<'_>,
    work: &Work,
    step: &mut Step,
    asks: &mut Asks,
    entry: &Entry,
    after: Option<&String>,
) -> Result<bool, Error> {
    let routed = match rows::decode::<Routed>(&entry.key, &entry.value) {
        Ok(routed) => routed,
        Err(error) => {
            ctx.tell(&error);
            return Ok(true);
        }
    };
    // If the message is no longer in the row, the row is scanned from its start.
    let from = routed.messages.iter().position(|routed| Some(&routed.message) == after).map_or(0, |at| at + 1);
    let (since_ms, until_ms) = work.job.range_ms();
    let wanted = |routed: &&RoutedMessage| (since_ms..=until_ms).contains(&routed.accepted_ms);
    let listed: Vec<&RoutedMessage> = routed.messages[from..].iter().filter(wanted).collect();
    for chunk in listed.chunks(asks.at_once(JOB_MESSAGES_MAX)) {
        let keys: Vec<String> =
            chunk.iter().map(|listed| keys::message(asks.lane.tenant_part(), &listed.message)).collect();
        let rows = if asks.leaves_out { vec![None] } else { ctx.host.get(&keys)? };
        for (RoutedMessage { message, accepted_ms, .. }, row) in chunk.iter().zip(rows) {
            // A message that was removed and accepted again is listed by the commit that routed it then.
            if asks.look(step, &entry.key, message)
                && let Some(Sendable { entry: row, message: event }) = sendable(ctx, row)
                && event.accepted_at_us / 1_000 == *accepted_ms
                && pattern::selects(&asks.webhook.events, &event.event_type)
                && asks.filter.has_type(&event.event_type)
            {
                match missed(ctx, work, asks, (&entry.key, &routed), message)? {
                    Found::Nothing => asks.ask(work, step, row, &event.event_type, None),
                    Found::Ended(last) => asks.ask(work, step, row, &event.event_type, Some(last)),
                    Found::Other => {}
                }
            }
            if asks.is_enough(ctx) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Returns the state of a delivery that the webhook may have missed. A delivery moves from the queue to its attempts, so it is
/// seen at one of three reads: attempts, queue, attempts.
fn missed(
    ctx: &mut JobContext<'_>,
    work: &Work,
    asks: &Asks,
    routed: (&str, &Routed),
    message: &str,
) -> Result<Found, Error> {
    let mut found = asks.last(ctx, work, message)?;
    if let Found::Nothing = found {
        if is_queued(ctx, asks, routed, message)? {
            return Ok(Found::Other);
        }
        found = asks.last(ctx, work, message)?;
    }
    Ok(match found {
        Found::Ended(last) if last.attempt.state != AttemptState::Skipped => Found::Other,
        Found::Ended(_) if !asks.filter.has_state(DeliveryState::Skipped) => Found::Other,
        Found::Nothing if !asks.filter.has_state(DeliveryState::None) => Found::Other,
        found => found,
    })
}

/// Returns true if the message waits for its first attempt. It is then in a queue row of the commit that routed it, whose token
/// both keys hold, unless the routed row says otherwise.
fn is_queued(
    ctx: &mut JobContext<'_>,
    asks: &Asks,
    (key, routed): (&str, &Routed),
    message: &str,
) -> Result<bool, Error> {
    if routed.elsewhere == Some(true) {
        return redeliver::is_queued(ctx.host, &asks.lane, message);
    }
    let range = keys::queue_of_commit(&asks.lane, routed.queued_ms, keys::last_part(key));
    // A group splits when some of its deliveries wait on, into at most as many rows as messages.
    for entry in ctx.host.scan(&range, ROUTE_MESSAGES_MAX, Direction::Forward)? {
        let group: Queue = match rows::decode(&entry.key, &entry.value) {
            Ok(group) => group,
            Err(error) => {
                // The message may be in this row.
                ctx.tell(&error);
                return Ok(true);
            }
        };
        if group.deliveries.iter().any(|queued| queued.message == message) {
            return Ok(true);
        }
    }
    Ok(false)
}
