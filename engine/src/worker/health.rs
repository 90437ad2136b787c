//! What its attempts say about a webhook: the counts of its health row, and when it is to be taken out of service.

use super::Done;
use crate::config::Config;
use crate::store::rows::{AttemptState, Health};
use crate::support::limits::{BREAKER_FAILURES, BREAKER_PAUSE_MS_MAX, BREAKER_PAUSE_MS_MIN, PACE_AHEAD_MS};

/// Counts an attempt. What needed none counts for nothing.
pub(super) fn count(stat: &mut Health, done: &Done) {
    let attempt = &done.attempt;
    let activated_at_ms = done.target.as_ref().map_or(0, |target| target.activated_at_ms());
    if stat.failing_since_ms.is_some_and(|since_ms| since_ms < activated_at_ms) {
        stat.failing_since_ms = None;
        stat.exhausted = 0;
    }
    match attempt.state {
        AttemptState::Skipped | AttemptState::Cancelled | AttemptState::Failed => return,
        AttemptState::Delivered => {
            stat.failures = 0;
            stat.exhausted = 0;
            stat.failing_since_ms = None;
            stat.succeeded_at_ms = Some(attempt.at_ms);
        }
        AttemptState::Retrying | AttemptState::Exhausted => {
            stat.failures = stat.failures.saturating_add(1);
            stat.failing_since_ms.get_or_insert(attempt.at_ms);
            stat.exhausted =
                stat.exhausted.saturating_add(u32::from(attempt.state == AttemptState::Exhausted && !done.aborted));
        }
    }
    stat.last_at_ms = attempt.at_ms;
    stat.last_status = attempt.status;
    let free_at_us = (attempt.at_ms + u64::from(attempt.duration_ms) + breaker_ms(stat.failures)) * 1_000;
    if stat.failures >= BREAKER_FAILURES {
        stat.free_at_us = Some(stat.free_at_us.unwrap_or(0).max(free_at_us));
    }
}

/// How long a webhook that keeps failing is left alone between two attempts. Whatever waits for it goes on waiting, and takes
/// nobody's place meanwhile.
fn breaker_ms(failures: u32) -> u64 {
    let doublings = failures.saturating_sub(BREAKER_FAILURES).min(16);
    (BREAKER_PAUSE_MS_MIN << doublings).min(BREAKER_PAUSE_MS_MAX)
}

/// When a webhook is next free, if that may be so: no pause is longer, and a clock that was far ahead does not keep it from being
/// sent to.
pub(super) fn believed(free_at_us: Option<u64>, now_ms: u64) -> Option<u64> {
    let believed_us = (now_ms + BREAKER_PAUSE_MS_MAX + PACE_AHEAD_MS) * 1_000;
    free_at_us.filter(|free_at_us| *free_at_us <= believed_us)
}

/// Why the webhook is to be disabled, if it has failed for long enough, or often enough.
pub(super) fn verdict(config: &Config, stat: &Health) -> Option<String> {
    let failing_ms = stat.failing_since_ms.map_or(0, |since_ms| stat.last_at_ms.saturating_sub(since_ms));
    match (config.disable_after_ms(), config.disable_after_deliveries()) {
        (Some(after_ms), _) if stat.failing_since_ms.is_some() && failing_ms >= after_ms => {
            Some(format!("no success for {}", lasting(failing_ms)))
        }
        (_, Some(after)) if stat.exhausted >= after => Some(format!("{} deliveries in a row failed", stat.exhausted)),
        _ => None,
    }
}

fn lasting(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1_000, "seconds")];
    let unit = UNITS.into_iter().find(|(unit_ms, _)| ms >= 2 * unit_ms).unwrap_or((1, "milliseconds"));
    format!("{} {}", ms / unit.0, unit.1)
}
