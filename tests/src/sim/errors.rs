//! The errors of calls: which a call may meet, by its own faults and by the state of the rows since it began.

use hookwright_engine::limits::JOBS_RUNNING_MAX;
use hookwright_engine::{Error, ErrorKind, keys};

use super::checkers::{Failure, during, ensure, tenants};
use super::coverage::Count;
use super::ids::CallId;
use super::instance::Call;
use super::job::{Job, Names};
use super::world::World;

impl World {
    /// An error must be one that this call may meet.
    pub fn failed(&mut self, call: CallId, error: &Error) -> Result<(), Failure> {
        self.coverage.add(Count::Errors);
        let job = self.calls[call].job.clone();
        if let Some(tenant) = job.tenant() {
            // An error may repeat values that the caller itself has named.
            let Names { message, webhook, job } = job.names();
            let named = [message, webhook, job].into_iter().flatten();
            let text = named.fold(error.to_string(), |text, id| text.replace(id, ""));
            tenants::shown(&self.model, tenant, &text)?;
        }
        let fair = match error.kind {
            ErrorKind::Unavailable => self.calls[call].refused > 0 || self.is_busy(call),
            ErrorKind::TransactionAborted => self.calls[call].aborted,
            ErrorKind::Conflict => match &*job {
                Job::Accept { events, markers, .. } => self.other_content(events, markers),
                // Too many secrets are live.
                Job::Rotate { .. } => true,
                // The named thing is not kept any more, or is not there yet.
                Job::Read { .. } => true,
                // Its content may be gone.
                Job::Redeliver { tenant, .. } if self.model.kept.kept_none.contains(&keys::part(tenant)) => true,
                // The tenant has the largest number of running jobs.
                Job::Recover { .. } | Job::Replay { .. } | Job::Erase { .. }
                    if self.model.jobs.len() >= JOBS_RUNNING_MAX =>
                {
                    true
                }
                Job::Redeliver { webhook: Some(webhook), .. }
                | Job::Recover { webhook, .. }
                | Job::Replay { webhook, .. } => self.was_inactive(webhook),
                Job::Cancel { .. } => true,
                _ => false,
            },
            ErrorKind::NotFound => self.was_absent(call),
            _ => false,
        };
        if error.kind == ErrorKind::Conflict {
            self.coverage.add(Count::ContentConflicts);
        }
        ensure(fair, "errors", || format!("call {call} ({:?}) failed: {error}", job))
    }

    /// Returns true if the subject of a call is on its way, so that the caller may be asked to come back: a message
    /// that is not routed yet, or one that is being removed, or was removed since the call began.
    fn is_busy(&self, call: CallId) -> bool {
        let Call { began_us, job, .. } = &self.calls[call];
        match &**job {
            Job::Redeliver { message, .. } => self.model.messages.get(message).is_none_or(|known| {
                let again = known.accepted_us > *began_us;
                again || known.tombstone.is_some() || known.routed_us.is_none_or(|routed_us| routed_us > *began_us)
            }),
            // An id is not free before the message that had it is gone.
            Job::Accept { .. } => {
                self.model.messages.values().any(|known| known.tombstone.is_some())
                    || self.model.kept.gone.values().any(|gone| gone.gone_us > *began_us)
            }
            _ => false,
        }
    }

    /// Returns true if something that a call names was missing at some time since the call began, or belongs to another
    /// tenant.
    fn was_absent(&self, call: CallId) -> bool {
        let Call { began_us, job, .. } = &self.calls[call];
        let part = keys::part(job.tenant().unwrap_or_default());
        let Names { message, webhook, job } = job.names();
        let no_message = message.is_some_and(|message| {
            let known = self.model.messages.get(message).filter(|known| known.tenant_part == part);
            known.is_none_or(|known| known.accepted_us > *began_us || known.tombstone.is_some())
        });
        let no_webhook = webhook.is_some_and(|webhook| {
            let lane = self.model.lanes.get(&format!("{part}/{webhook}"));
            lane.is_none_or(|lane| during(lane, *began_us, self.now_us).iter().any(Option::is_none))
        });
        let no_job = job.is_some_and(|id| {
            self.model.jobs.get(&format!("{part}/{id}")).is_none_or(|seen| seen.began_us > *began_us)
        });
        no_message || no_webhook || no_job
    }

    /// Returns true if a webhook was ever switched off.
    fn was_inactive(&self, webhook: &str) -> bool {
        let lanes = self.model.lanes.iter().filter(|(lane, _)| lane.ends_with(webhook));
        lanes
            .flat_map(|(_, lane)| &lane.registrations)
            .any(|(_, webhook)| webhook.as_ref().is_some_and(|webhook| !webhook.active))
    }

    /// Returns true if one of these events has an id that was accepted with another content.
    fn other_content(&self, events: &[String], markers: &[u64]) -> bool {
        let with_id = events.iter().zip(markers).filter(|(event, _)| event.starts_with("{\"id\""));
        let mut others = with_id.map(|(event, marker)| (event.split('"').nth(3).unwrap_or_default(), *marker));
        others.any(|(id, marker)| {
            self.workload.other_markers(id, marker).any(|other| {
                let gone = self.model.kept.gone.values().any(|gone| gone.marker == other);
                gone || self.model.messages.values().any(|message| message.marker == other)
            })
        })
    }
}
