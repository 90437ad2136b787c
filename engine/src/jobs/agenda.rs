//! The jobs that one call of `deliver` knows to be due, and the turns that tenants take.

use std::collections::VecDeque;

use super::step::Work;
use crate::store::keys::Lane;
use crate::support::limits::{JOBS_DUE_MAX, JOBS_DUE_OF_TENANT_MAX, JOBS_UNREADABLE_MAX};

/// A job that is due, with the key of its timer.
pub(super) struct DueJob {
    pub lane: Lane,
    pub timer: String,
}

/// The jobs of one call of `deliver`. All of it may be lost at any time.
pub(crate) struct Agenda {
    due: VecDeque<DueJob>,
    /// The timers of jobs whose rows cannot be decoded.
    unreadable: Vec<String>,
    /// The tenant whose job was taken up last.
    turn: Option<String>,
    /// The job that this worker has leased.
    pub(super) current: Option<Work>,
    /// The retention job exists, or the configuration keeps everything.
    pub(super) retention_ensured: bool,
}

impl Agenda {
    pub(crate) fn new() -> Agenda {
        Agenda { due: VecDeque::new(), unreadable: Vec::new(), turn: None, current: None, retention_ensured: false }
    }

    /// Notes that the timer of a job is due.
    pub(crate) fn note(&mut self, lane: &Lane, timer: &str) {
        let of_tenant = self.due.iter().filter(|due| due.lane.tenant_part() == lane.tenant_part()).count();
        let room = self.due.len() < JOBS_DUE_MAX
            && of_tenant < JOBS_DUE_OF_TENANT_MAX
            && !self.unreadable.iter().any(|unreadable| unreadable == timer);
        if room && self.current.as_ref().is_none_or(|work| work.lane != *lane) {
            self.due.push_back(DueJob { lane: lane.clone(), timer: timer.to_owned() });
        }
    }

    /// Notes a job whose row cannot be decoded. Its timer stays in the store, and no longer takes a place here.
    pub(super) fn note_unreadable(&mut self, timer: String) {
        if self.unreadable.len() < JOBS_UNREADABLE_MAX {
            self.unreadable.push(timer);
        }
    }

    /// Moves the beginning of the list to this worker's own offset, so that several workers rarely take up the same job.
    pub(super) fn begin_round(&mut self, offset: usize) {
        let first = offset % self.due.len().max(1);
        self.due.rotate_left(first);
    }

    /// Takes the next due job: of the tenant that follows the one whose turn it was.
    pub(super) fn next_due(&mut self) -> Option<DueJob> {
        let turn = self.turn.as_deref();
        let place = |index: usize| {
            let tenant_part = self.due[index].lane.tenant_part();
            (turn.is_some_and(|turn| tenant_part <= turn), tenant_part)
        };
        let mut first = 0;
        for index in 1..self.due.len() {
            if turn.is_some() && place(index) < place(first) {
                first = index;
            }
        }
        self.due.rotate_left(first);
        let due = self.due.pop_front()?;
        self.turn = Some(due.lane.tenant_part().to_owned());
        Some(due)
    }
}
