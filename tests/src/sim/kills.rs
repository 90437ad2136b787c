//! Deliveries that kill their workers, or whose records the store refuses, and their effect on an instance.

use std::collections::BTreeSet;

use hookwright_engine::limits::{
    JOB_SINGLE_CLAIMS, JOB_SKIP_CLAIMS, QUARANTINE_ALONE_CLAIMS, QUARANTINE_FAILED_CLAIMS,
};
use hookwright_engine::ports::{Mutation, Request};

use super::checkers::{Failure, ensure};
use super::coverage::Count;
use super::ids::InstanceId;
use super::job::Job;
use super::model;
use super::ops::Op;
use super::poison::Poison;
use super::rng::Rng;
use super::rows::{self, Row};
use super::world::World;

/// Number of workers that a delivery may kill, each time that it is asked for: three with other deliveries and three in
/// quarantine. Kills that were lifted from the lane in between, because as many attempts were recorded as it has slots,
/// are added.
const KILLS_MAX: usize = QUARANTINE_FAILED_CLAIMS as usize;

/// Number of further workers for each job that reads the delivery: one for each claim of a step, and those before a
/// step that was completed.
const KILLS_OF_A_JOB_MAX: usize = (JOB_SINGLE_CLAIMS + JOB_SKIP_CLAIMS) as usize;

impl World {
    /// Returns the poison in an event's content, by the event's number.
    fn poison(&self, marker: u64) -> Option<Poison> {
        if let Some(script) = &self.script {
            return script.scenario.poison.filter(|(deadly, _)| *deadly == marker).map(|(_, poison)| poison);
        }
        if self.params.poison == 0 {
            return None;
        }
        let mut rng = Rng::of(self.seed, "poison", marker);
        let kinds = [Poison::Read, Poison::Submit, Poison::Answer, Poison::Record];
        (rng.below(u64::from(self.params.poison)) == 0).then(|| rng.pick(&kinds))
    }

    /// Returns true if a worker dies of the call that it is about to make.
    pub fn dies_of_poison(&mut self, instance: InstanceId, op: &Op) -> bool {
        let Some((call, _)) = self.instances[instance].running else { return false };
        if !matches!(&*self.calls[call].job, Job::Deliver(_)) {
            return false;
        }
        let read = |key: &String| match rows::parse(key) {
            Some(Row::Message { message }) => self.model.messages.get(message).map(|message| message.marker),
            _ => None,
        };
        let made = |request: &Request| request.body.as_deref().and_then(model::marker);
        let (markers, poison): (Vec<u64>, Poison) = match op {
            Op::Get(keys) => (keys.iter().filter_map(read).collect(), Poison::Read),
            Op::Submit(requests) => (requests.iter().filter_map(made).collect(), Poison::Submit),
            Op::Scan { .. } | Op::Commit { .. } | Op::Wait { .. } => return false,
        };
        let by = markers.into_iter().filter(|marker| self.poison(*marker) == Some(poison)).collect();
        self.killed(instance, by, None)
    }

    /// Returns true if a worker dies of the response to this request.
    pub fn dies_of_answer(&mut self, instance: InstanceId, request: usize) -> bool {
        let message = self.requests.sent[request].message.as_ref().and_then(|id| self.model.messages.get(id));
        let marker = message.map(|message| message.marker);
        let by = marker.into_iter().filter(|marker| self.poison(*marker) == Some(Poison::Answer)).collect();
        let sent = &self.requests.sent[request];
        let under = (sent.lane.clone(), sent.lease.clone());
        self.killed(instance, by, Some(under))
    }

    /// Of these it dies; by the answer to a request, under the lease of this lane.
    fn killed(&mut self, instance: InstanceId, by: BTreeSet<u64>, under: Option<(String, String)>) -> bool {
        if by.is_empty() {
            return false;
        }
        self.coverage.add(Count::Killed);
        self.trace.note(self.now_us, || format!("instance {instance} dies of {by:?}"));
        for marker in by {
            let mut lanes = self.lanes_at_work_on(instance, marker);
            if let Some((lane, lease)) = &under {
                lanes.retain(|(id, _)| id == lane && self.model.lanes[id].lease.token == *lease);
            }
            let lanes = if lanes.is_empty() { vec![(String::new(), 0)] } else { lanes };
            for (lane, forgiven) in lanes {
                self.observed.kills.entry((marker, lane)).or_default().one_more(forgiven);
            }
        }
        true
    }

    /// The lanes under whose leases an instance may be at work on an event, and what has been forgiven them.
    fn lanes_at_work_on(&self, instance: InstanceId, marker: u64) -> Vec<(String, usize)> {
        let Some((call, _)) = &self.instances[instance].running else { return Vec::new() };
        let messages = self.model.messages.iter().filter(|(_, message)| message.marker == marker);
        let messages: Vec<&String> = messages.map(|(id, _)| id).collect();
        let at_work = |lane: &model::Lane| {
            let waits = |id: &&String| lane.deliveries.get(*id).is_some_and(|delivery| !delivery.entries.is_empty());
            // Of a quarantined lane, only the delivery that its row names.
            let named = lane.lease.quarantine.delivery.as_ref().map(|delivery| &delivery.message);
            let quarantined = lane.lease.quarantine.claims > QUARANTINE_ALONE_CLAIMS;
            messages.iter().any(|id| waits(id) && (!quarantined || named == Some(*id)))
        };
        let lanes = self.model.lanes.iter().filter(|(_, lane)| lane.leased_by == Some(*call) && at_work(lane));
        lanes.map(|(id, lane)| (id.clone(), lane.forgiven as usize)).collect()
    }

    /// At the end: no event has killed more workers than it may.
    pub fn contained(&self) -> Result<(), Failure> {
        for ((marker, lane), kills) in &self.observed.kills {
            let messages = self.model.messages.iter().filter(|(_, message)| message.marker == *marker);
            let allowed = |(id, message): (&String, &model::Message)| -> usize {
                let delivery = self.model.lanes.get(lane).and_then(|lane| lane.deliveries.get(id));
                let rounds = delivery.map_or(0, |delivery| 1 + delivery.asked_by.len() + delivery.asked_for.len());
                let tenant = format!("{}/", message.tenant_part);
                let jobs = self.model.jobs.keys().filter(|job| job.starts_with(&tenant)).count();
                // A worker that has lost the lane does not know it yet.
                let lanes = self.model.lanes.values().filter(|lane| lane.deliveries.contains_key(id));
                let lost: usize = lanes.map(|lane| lane.lost.len()).sum();
                let otherwise = KILLS_OF_A_JOB_MAX * jobs + lost;
                if lane.is_empty() { otherwise } else { KILLS_MAX * rounds }
            };
            let allowed: usize = messages.map(allowed).sum();
            // Messages that a backup did not have are unknown now.
            let known = self.params.restore.is_none();
            ensure(!known || kills.counted_max <= allowed, "contained", || {
                format!(
                    "event {marker} has killed more than {allowed} workers that had the lease of '{lane}': {kills:?}"
                )
            })?;
        }
        Ok(())
    }

    /// Returns true if the store refuses a worker's commit because of its record.
    pub fn refuses(&self, call: usize, mutations: &[Mutation]) -> bool {
        let refused = |mutation: &Mutation| match (mutation, rows::parse(mutation.key())) {
            (Mutation::Put { value, .. }, Some(Row::Attempt { message, .. })) => {
                let marker = self.model.messages.get(message).map(|message| message.marker);
                marker.and_then(|marker| self.poison(marker)) == Some(Poison::Record)
                    && !value.contains("\"state\":\"failed\"")
            }
            _ => false,
        };
        matches!(&*self.calls[call].job, Job::Deliver(_)) && mutations.iter().any(refused)
    }
}
