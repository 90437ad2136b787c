//! Judges answers when a call ends, and everything when a run ends: nothing is left over and nothing is missing. Whether faults
//! explain what was sent too often is left to `explained`.

use hookwright_engine::{Accepted, ErrorKind};

use super::{Failure, ensure, jobs};
use crate::sim::model::Model;
use crate::sim::rows::Attempt;
use crate::sim::store::SimStore;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not yet.
    Open,
    /// With an answer.
    Answered,
    /// With an error.
    Failed(ErrorKind),
    /// With its instance.
    Crashed,
}

/// An accepted event is in the store when the caller is told so.
pub fn accepted(model: &Model, markers: &[u64], answers: &[Accepted]) -> Result<(), Failure> {
    ensure(markers.len() == answers.len(), "accepted", || {
        format!("{} answers for {} events", answers.len(), markers.len())
    })?;
    for (marker, answer) in markers.iter().zip(answers) {
        let stored = model.messages.get(&answer.message_id).map(|message| message.marker);
        let gone = model.kept.gone.get(&answer.message_id).map(|gone| gone.marker);
        ensure(stored == Some(*marker) || gone == Some(*marker), "accepted", || {
            format!("event {marker} was accepted as {}, which holds {stored:?}", answer.message_id)
        })?;
    }
    Ok(())
}

/// Judges a run that does not come to rest: what waits for its routing is in the store.
pub fn inboxes(model: &Model, store: &SimStore) -> Result<(), Failure> {
    for (id, message) in model.messages.iter().filter(|(_, message)| message.routed_us.is_none()) {
        let there = message.inbox.as_ref().is_none_or(|key| store.count(key) > 0);
        ensure(there, "drained", || format!("{id} was never routed, and its inbox row is not there"))?;
    }
    Ok(())
}

/// Judges a run that has come to rest.
pub fn at_rest(model: &Model, store: &SimStore) -> Result<(), Failure> {
    for prefix in ["inbox/", "queue/", "timer/"] {
        // Work without an end is always due some time.
        let own = model.jobs.iter().filter(|(id, seen)| id.starts_with("_/") && seen.now.runs()).count();
        let rows = store.count(prefix) - if prefix == "timer/" { own.min(store.count(prefix)) } else { 0 };
        ensure(rows == 0, "drained", || format!("{rows} rows are left under {prefix}"))?;
    }
    for (id, message) in &model.messages {
        ensure(message.routed_us.is_some(), "drained", || format!("{id} was never routed"))?;
    }
    for (id, lane) in &model.lanes {
        ensure(lane.lease.until_ms == 0, "drained", || format!("{id} is leased: {:?}", lane.lease))?;
        for (message, delivery) in &lane.deliveries {
            let ended = delivery.log.values().next_back().is_some_and(Attempt::is_last);
            ensure(ended, "ended", || format!("{message} for {id} has not ended: {:?}", delivery.log))?;
        }
    }
    jobs::at_rest(model, store)?;
    Ok(())
}
