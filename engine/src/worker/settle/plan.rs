//! The plan of a settling commit: which lanes it settles, and which of them it releases.

use std::collections::{BTreeMap, BTreeSet};

use super::disable::{self, Inputs};
use super::first_due::first_due_ms;
use super::plan_lane::{Fate, LanePlan, Release, plan_lane};
use super::take::TakenAttempts;
use crate::store::keys::Lane;
use crate::support::error::Error;
use crate::support::limits::{CLOCK_SKEW_MS_MAX, RELEASE_LANES_MAX, UNUSABLE_MS};
use crate::worker::state::{Agenda, Completed, Ctx, Ended, LeasedLane, Leases, Registration, Report};

/// The lanes that one commit settles.
pub(super) struct Plan {
    pub lanes: BTreeMap<Lane, LanePlan>,
    /// A lane that was to be released has something to send after all.
    pub more: bool,
}

impl Plan {
    /// Splits the plan into one for each lane.
    pub(super) fn split(self) -> impl Iterator<Item = Plan> {
        self.lanes.into_iter().map(|(lane, planned)| {
            let mut plan = Plan { lanes: BTreeMap::new(), more: false };
            plan.lanes.insert(lane, planned);
            plan
        })
    }
}

/// A plan while it is made.
struct Draft {
    plan: Plan,
    now_ms: u64,
    may_start: bool,
    /// Lanes that the commit releases, or deletes timers of.
    releases: usize,
    /// The last error of a read. The attempts go back, so that they are not lost with the read.
    failed: Option<Error>,
}

/// Plans one commit. The attempts in `batch` go back if a read fails.
pub(super) fn plan(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    completed: &mut Completed,
    agenda: &Agenda,
    report: &mut Report,
    mut batch: TakenAttempts,
) -> Result<Plan, Error> {
    let now_ms = ctx.now_ms();
    let mut draft = Draft {
        plan: Plan { lanes: BTreeMap::new(), more: false },
        now_ms,
        may_start: agenda.may_start(now_ms),
        releases: 0,
        failed: None,
    };
    let waiting: BTreeSet<&Lane> = completed.lanes().collect();
    for (lane, leased) in &mut leases.lanes {
        let ended = batch.remove(lane).unwrap_or_default();
        let idle = draft.is_idle(leased, waiting.contains(lane));
        if !ended.is_empty() || idle || leased.lease.is_full() {
            draft.add(ctx, report, (lane, leased), ended, idle);
        }
    }
    match draft.failed {
        None => Ok(draft.plan),
        Some(error) => {
            for planned in draft.plan.lanes.into_values() {
                completed.put_back(planned.ended.into_iter());
            }
            Err(error)
        }
    }
}

impl Draft {
    /// Returns true if the lane has nothing more to do under this lease.
    fn is_idle(&self, leased: &LeasedLane, has_unrecorded: bool) -> bool {
        let through = leased.queue.ready.is_empty() && !leased.queue.scan && !leased.is_unread();
        leased.in_flight == 0 && !has_unrecorded && (!self.is_open(leased) || leased.is_paused(self.now_ms) || through)
    }

    /// Returns true if the lane may still send under this lease.
    fn is_open(&self, leased: &LeasedLane) -> bool {
        self.may_start && leased.may_send(self.now_ms)
    }

    /// Returns the value of a read. An error is kept for the end.
    fn keep_error<T: Default>(&mut self, read: Result<T, Error>) -> T {
        read.unwrap_or_else(|error| {
            self.failed = Some(error);
            T::default()
        })
    }

    /// Adds a lane to the plan, if there is anything to settle.
    fn add(
        &mut self,
        ctx: &Ctx<'_>,
        report: &mut Report,
        (lane, leased): (&Lane, &mut LeasedLane),
        mut ended: Vec<Ended>,
        idle: bool,
    ) {
        let webhook = self.keep_error(disable::read_if_asked(ctx.host, lane, &ended));
        let stale = disable::take_back(webhook.as_ref(), &mut ended);
        let mut planned = plan_lane(leased, ended);
        planned.stale = stale;
        let inputs = Inputs { ctx, lane, leased: &*leased, webhook, now_ms: self.now_ms };
        planned.disable = self.keep_error(disable::disable(inputs, &planned, report));
        if idle && self.releases < RELEASE_LANES_MAX {
            match first_due_ms(ctx.host, lane, leased, &planned) {
                Ok(due_ms) => self.release_or_go_on(leased, &mut planned, due_ms),
                Err(error) => self.failed = Some(error),
            }
        }
        if leased.lease.is_full() && matches!(planned.fate, Fate::Kept) && self.releases < RELEASE_LANES_MAX {
            planned.fate = Fate::Tidied;
            self.releases += 1;
        }
        if !planned.ended.is_empty() || !matches!(planned.fate, Fate::Kept) {
            self.plan.lanes.insert(lane.clone(), planned);
        }
    }

    /// Releases an idle lane, unless a row of it is due now. `due_ms` is the time of its first row.
    fn release_or_go_on(&mut self, leased: &mut LeasedLane, planned: &mut LanePlan, due_ms: Option<u64>) {
        let now_ms = self.now_ms;
        let sends = self.is_open(leased) && !leased.queue.unreadable && !leased.is_paused(now_ms);
        if sends && due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
            leased.queue.scan = true;
            self.plan.more = true;
            return;
        }
        let health = planned.health.as_ref().unwrap_or(&leased.standing.health);
        let earliest_ms = match leased.registration {
            Registration::Unusable => now_ms + UNUSABLE_MS,
            _ if leased.queue.unreadable => now_ms + UNUSABLE_MS,
            _ => leased.paused_until_ms_after(health),
        };
        // Where the webhook has not been read, it may be gone: then its lane has to go too, which a timer makes sure of.
        let due_ms = due_ms.or(leased.is_unread().then_some(now_ms));
        planned.fate = Fate::Released(Release {
            timer_ms: due_ms.map(|due_ms| due_ms.max(earliest_ms)),
            is_through: due_ms.is_none_or(|due_ms| due_ms > now_ms + CLOCK_SKEW_MS_MAX),
        });
        if leased.standing.spaced && planned.health.is_none() {
            // The next worker must know which attempts this one has made.
            planned.health = Some(leased.standing.health.clone());
        }
        self.releases += 1;
    }
}
