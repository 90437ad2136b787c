//! Erases the messages of a subject, phase by phase. Each phase goes through one family of rows, one page a step.
//!
//! First the messages become tombstones: rows without content, with a new version and without an inbox row, so no commit that
//! would start a delivery with them succeeds. After that a delivery of theirs can move only once more, when an attempt in
//! flight is settled. Therefore the queues are swept twice. A message that is in no queue can have nothing more recorded, so
//! its attempts are removed. The tombstones go last, when the commit that accepted the event can no longer arrive late.

mod mark;
mod marked;
mod remove;
mod sweep;

use crate::jobs::step::{JobContext, Step, Work};
use crate::store::rows::JobState;
use crate::support::error::Error;
use crate::support::limits::{ERASE_TOMBSTONE_MS, ERASE_TOMBSTONE_PHASE};
use sweep::List;

/// One phase of an erasure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Turns the subject's messages into tombstones.
    Mark,
    /// Takes the marked messages out of rows that list several.
    Sweep(List),
    /// Removes the attempts of the marked messages.
    Attempts,
    /// Removes the tombstones and the marks.
    Tombstones,
}

const PHASES: [Phase; 8] = [
    Phase::Mark,
    Phase::Sweep(List::Queue),
    Phase::Sweep(List::Queue),
    Phase::Sweep(List::Recent),
    Phase::Sweep(List::Routed),
    Phase::Sweep(List::Redacted),
    Phase::Attempts,
    Phase::Tombstones,
];
const _: () = assert!(PHASES.len() == ERASE_TOMBSTONE_PHASE as usize + 1);

/// The job's detail while only the tombstones are left.
const REMOVED: &str = "everything is removed; the messages' ids go later";

pub(super) fn step(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let number = step.job.phase.unwrap_or(0) as usize;
    let phase = PHASES.get(number).copied().unwrap_or(Phase::Tombstones);
    let more = match phase {
        Phase::Mark => mark::mark(ctx, work, step)?,
        Phase::Sweep(list) => sweep::sweep(ctx, work, step, list)?,
        Phase::Attempts => remove::attempts(ctx, work, step)?,
        Phase::Tombstones => remove::tombstones(ctx, work, step)?,
    };
    if more {
        return Ok(());
    }
    step.job.place = None;
    step.job.phase = Some(u32::try_from(number + 1).unwrap_or(u32::MAX));
    if phase == Phase::Attempts {
        step.pause_ms = Some(ERASE_TOMBSTONE_MS);
        step.job.detail.get_or_insert_with(|| REMOVED.to_owned());
    }
    let found_none = phase == Phase::Mark && step.job.affected == 0;
    if phase == Phase::Tombstones || found_none {
        step.job.state = JobState::Done;
        step.job.subject_hash = None;
        step.job.phase = None;
        // A detail about a row that was left out stays.
        step.job.detail = step.job.detail.take().filter(|detail| detail != REMOVED);
    }
    Ok(())
}
