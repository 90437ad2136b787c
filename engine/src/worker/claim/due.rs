//! The lanes that have a due timer and no lease.

use std::collections::{BTreeMap, BTreeSet};

use super::free::{FreeLane, read_free};
use crate::jobs;
use crate::ports::{Direction, Entry};
use crate::store::keys::{self, Lane};
use crate::store::rows::Isolation;
use crate::support::error::Error;
use crate::support::limits::{CLAIM_LANES_MAX, LANE_TIMERS_MAX, TIMER_PAGE, TIMER_PAGES_MAX};
use crate::worker::state::{Agenda, Ctx, Leases, Registration, Report};

/// The lanes among which a choice is made.
pub(super) struct DueLanes {
    pub found: BTreeMap<Lane, FreeLane>,
    /// The look began with the first timer and ended with the last one that is due.
    pub saw_all: bool,
}

/// The keys of due timers, by lane.
type DueTimers = BTreeMap<Lane, Vec<String>>;

/// Reads the lanes that have a due timer and no lease, and notes the timers of lanes and jobs that this worker has. A look that
/// ends before the last timer is continued soon, so that lanes which are leased hide no others.
pub(super) fn due_lanes(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    agenda: &mut Agenda,
    jobs: &mut jobs::Agenda,
    report: &mut Report,
) -> Result<DueLanes, Error> {
    let mut found: BTreeMap<Lane, FreeLane> = BTreeMap::new();
    let mut looked: BTreeSet<Lane> = BTreeSet::new();
    let mut after = agenda.timers_after.take();
    let from_start = after.is_none();
    for _ in 0..TIMER_PAGES_MAX {
        let page = ctx.host.scan(&keys::timers_after(after.as_deref()), TIMER_PAGE, Direction::Forward)?;
        let now_ms = ctx.now_ms();
        let is_last = page.len() < TIMER_PAGE as usize;
        after = page.last().map(|entry| entry.key.clone());
        let Sorted { mut timers, next_due_ms } = sort(page, now_ms, jobs);
        if let Some(next_due_ms) = next_due_ms {
            agenda.look_by(next_due_ms);
        }
        note_own(leases, &mut timers);
        let fresh: Vec<Lane> = timers.keys().filter(|lane| looked.insert((*lane).clone())).cloned().collect();
        let only_isolated = agenda.only_isolated(ctx.now_ms());
        for free in read_free(ctx, leases, fresh.iter(), usize::MAX, report)? {
            if !only_isolated || free.isolation() != Isolation::None {
                found.insert(free.lane.clone(), free);
            }
        }
        for (lane, timers) in timers {
            if let Some(free) = found.get_mut(&lane) {
                free.seen.extend(timers.into_iter().take(LANE_TIMERS_MAX.saturating_sub(free.seen.len())));
            }
        }
        if next_due_ms.is_some() || is_last {
            return Ok(DueLanes { found, saw_all: from_start });
        }
        if found.len() >= 2 * CLAIM_LANES_MAX {
            break;
        }
    }
    agenda.next_look_ms = ctx.now_ms();
    agenda.timers_after = after;
    Ok(DueLanes { found, saw_all: false })
}

/// The timers of one page.
struct Sorted {
    timers: DueTimers,
    /// The time of the first timer that is not due.
    next_due_ms: Option<u64>,
}

/// Sorts the timers of a page by lane, up to the first that is not due. The timers of jobs go to the jobs' agenda.
fn sort(page: Vec<Entry>, now_ms: u64, jobs: &mut jobs::Agenda) -> Sorted {
    let mut timers = DueTimers::new();
    for entry in page {
        let Some((due_ms, lane)) = keys::parse_timer(&entry.key) else { continue };
        if due_ms > now_ms {
            return Sorted { timers, next_due_ms: Some(due_ms) };
        }
        if lane.is_job() {
            jobs.note(&lane, &entry.key);
        } else {
            timers.entry(lane).or_default().push(entry.key);
        }
    }
    Sorted { timers, next_due_ms: None }
}

/// Takes out the timers of lanes that this worker has. They announce rows that it reads before it releases the lane.
fn note_own(leases: &mut Leases, timers: &mut DueTimers) {
    timers.retain(|lane, timers| {
        let Some(leased) = leases.lanes.get_mut(lane) else { return true };
        for timer in timers {
            if leased.lease.see(timer) {
                leased.queue.scan = true;
                // The timer may announce that the webhook was removed.
                leased.registration = Registration::Unread;
            }
        }
        false
    });
}
