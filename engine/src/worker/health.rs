//! The health of a webhook: the counts that its attempts change, and when they disable it.

use super::state::Ended;
use crate::config::Config;
use crate::delivery::verdict::End;
use crate::store::rows::{AttemptState, Health};
use crate::support::limits::{BREAKER_FAILURES, BREAKER_PAUSE_MS_MAX, BREAKER_PAUSE_MS_MIN};

/// Counts an attempt. A delivery that ended without a request does not count.
pub(super) fn count(health: &mut Health, ended: &Ended) {
    let attempt = &ended.attempt;
    if health.failing_since_ms.is_some_and(|since_ms| since_ms < began_anew_ms(ended)) {
        health.failing_since_ms = None;
        health.exhausted = 0;
    }
    match attempt.state {
        AttemptState::Skipped | AttemptState::Cancelled | AttemptState::Failed => return,
        AttemptState::Delivered => {
            health.failures = 0;
            health.exhausted = 0;
            health.failing_since_ms = None;
            health.succeeded_at_ms = Some(attempt.at_ms);
        }
        AttemptState::Retrying | AttemptState::Exhausted => {
            let exhausted = attempt.state == AttemptState::Exhausted && ended.wish.end != Some(End::Aborted);
            health.failures = health.failures.saturating_add(1);
            health.failing_since_ms.get_or_insert(attempt.at_ms);
            health.exhausted = health.exhausted.saturating_add(u32::from(exhausted));
        }
    }
    health.last_at_ms = attempt.at_ms;
    health.last_status = attempt.status;
    if health.failures >= BREAKER_FAILURES {
        let free_at_ms = attempt.at_ms + u64::from(attempt.duration_ms) + breaker_ms(health.failures);
        health.free_at_us = Some(health.free_at_us.unwrap_or(0).max(free_at_ms * 1_000));
    }
}

/// Returns when the webhook was last made active again, or its last pause ended before the attempt, in milliseconds. A webhook
/// is not disabled because it was not sent anything.
fn began_anew_ms(ended: &Ended) -> u64 {
    let Some(target) = &ended.target else { return 0 };
    let pause_ended_ms = Some(target.paused_until_ms()).filter(|until_ms| *until_ms <= ended.attempt.at_ms);
    target.activated_at_ms().max(pause_ended_ms.unwrap_or(0))
}

/// Returns the pause between two attempts of a webhook that keeps failing. Its deliveries wait meanwhile, and use no slots.
fn breaker_ms(failures: u32) -> u64 {
    let doublings = failures.saturating_sub(BREAKER_FAILURES).min(16);
    (BREAKER_PAUSE_MS_MIN << doublings).min(BREAKER_PAUSE_MS_MAX)
}

/// Returns why the webhook is to be disabled, if it has failed for long enough, or often enough.
pub(super) fn reason_to_disable(config: &Config, health: &Health) -> Option<String> {
    let failing_ms = health.failing_since_ms.map(|since_ms| health.last_at_ms.saturating_sub(since_ms));
    let too_long = |failing_ms: &u64| config.disable_after_ms().is_some_and(|after_ms| *failing_ms >= after_ms);
    if let Some(failing_ms) = failing_ms.filter(too_long) {
        return Some(format!("no success for {}", duration(failing_ms)));
    }
    let too_often = config.disable_after_deliveries().is_some_and(|after| health.exhausted >= after);
    too_often.then(|| format!("{} deliveries in a row failed", health.exhausted))
}

/// Writes a duration in the largest unit of which it has at least two.
fn duration(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1_000, "seconds")];
    let (unit_ms, unit) = UNITS.into_iter().find(|(unit_ms, _)| ms >= 2 * unit_ms).unwrap_or((1, "milliseconds"));
    format!("{} {unit}", ms / unit_ms)
}
