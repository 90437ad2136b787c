//! Judges answers when a call ends, and everything when a run ends: nothing is left over, nothing is missing, and every
//! request that no attempt records is explained by a fault of its own.

use hookwright_engine::{Accepted, ErrorKind};

use super::{Failure, ensure};
use crate::sim::model::Model;
use crate::sim::net::Sent;
use crate::sim::rows::Log;
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
        ensure(stored == Some(*marker), "accepted", || {
            format!("event {marker} was accepted as {}, which holds {stored:?}", answer.message_id)
        })?;
    }
    Ok(())
}

/// Whether a redelivery brought the attempt forward while it was under way.
fn overtaken(model: &Model, request: &Sent) -> bool {
    let lane = model.lanes.get(&request.lane);
    let delivery = lane.zip(request.message.as_ref()).and_then(|(lane, message)| lane.deliveries.get(message));
    delivery.is_some_and(|delivery| delivery.moved.contains_key(&request.number))
}

/// Whether a request that nothing records is a fault's doing.
fn explained(model: &Model, request: &Sent, ends: &[End]) -> bool {
    let lost = || model.lanes.get(&request.lane).is_some_and(|lane| lane.lost_by.contains(&request.call));
    request.message.is_none() || request.lost || !matches!(ends[request.call], End::Answered | End::Open) || lost()
}

/// Judges a run that has come to rest.
pub fn at_rest(model: &Model, store: &SimStore, sent: &[Sent], ends: &[End], faultless: bool) -> Result<(), Failure> {
    for prefix in ["inbox/", "queue/", "wake/"] {
        let rows = store.count(prefix);
        ensure(rows == 0, "drained", || format!("{rows} rows are left under {prefix}"))?;
    }
    for (id, message) in &model.messages {
        ensure(message.routed_us.is_some(), "drained", || format!("{id} was never routed"))?;
    }
    for (id, lane) in &model.lanes {
        ensure(lane.lease.until == 0, "drained", || format!("{id} is leased: {:?}", lane.lease))?;
        for (message, delivery) in &lane.deliveries {
            let ended = delivery.log.values().next_back().is_some_and(Log::is_last);
            ensure(ended, "ended", || format!("{message} for {id} has not ended: {:?}", delivery.log))?;
        }
    }
    for request in sent.iter().filter(|request| !request.recorded && request.message.is_some()) {
        let explained = overtaken(model, request) || (!faultless && explained(model, request, ends));
        ensure(explained, "explained", || format!("no fault explains {request:?}"))?;
    }
    Ok(())
}
