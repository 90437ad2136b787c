//! Deliveries that kill whoever works on them, or that the store refuses to have recorded, and what that does to an instance.

use hookwright_engine::host::{Mutation, Request};

use super::actor::Op;
use super::coverage::Count;
use super::model;
use super::rng::Rng;
use super::rows::{self, Row};
use super::workload::Job;
use super::world::{InstanceId, World};

/// When a message is deadly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poison {
    /// When it is read.
    Read,
    /// When its request has been made.
    Submit,
    /// When the answer comes.
    Answer,
    /// It is not deadly, but the store refuses whatever is recorded of it, but that it failed.
    Record,
}

/// What the store says then.
pub const REFUSED: &str = "simulated: it cannot be recorded";

impl World {
    /// What is wrong with an event's content, by its number.
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

    fn poison_of(&self, message: &str) -> Option<Poison> {
        self.poison(self.model.messages.get(message)?.marker)
    }

    /// Whether a pump dies of what it is about to do.
    pub fn dies_of_poison(&mut self, instance: InstanceId, op: &Op) -> bool {
        let Some((call, _)) = self.instances[instance].running else { return false };
        if !matches!(&*self.calls[call].job, Job::Deliver(_)) {
            return false;
        }
        let reads = |key: &String| match rows::parse(key) {
            Some(Row::Msg { message }) => self.poison_of(message) == Some(Poison::Read),
            _ => false,
        };
        let makes = |request: &Request| {
            let marker = request.body.as_deref().and_then(model::marker);
            marker.and_then(|marker| self.poison(marker)) == Some(Poison::Submit)
        };
        let dies = match op {
            Op::Get(keys) => keys.iter().any(reads),
            Op::Submit(requests) => requests.iter().any(makes),
            Op::Scan { .. } | Op::Commit { .. } | Op::Wait { .. } => false,
        };
        self.killed(instance, dies)
    }

    /// Whether it dies of the answer to this request.
    pub fn dies_of_answer(&mut self, instance: InstanceId, request: usize) -> bool {
        let message = self.sent[request].message.as_deref();
        let dies = message.and_then(|message| self.poison_of(message)) == Some(Poison::Answer);
        self.killed(instance, dies)
    }

    fn killed(&mut self, instance: InstanceId, dies: bool) -> bool {
        if dies {
            self.coverage.add(Count::Killed);
            self.trace.note(self.now_us, || format!("instance {instance} dies of a delivery"));
        }
        dies
    }

    /// Whether the store refuses a pump's commit for what it records.
    pub fn refuses(&self, call: usize, mutations: &[Mutation]) -> bool {
        let refused = |mutation: &Mutation| match (mutation, rows::parse(mutation.key())) {
            (Mutation::Put { value, .. }, Some(Row::Log { message, .. })) => {
                self.poison_of(message) == Some(Poison::Record) && !value.contains("\"state\":\"failed\"")
            }
            _ => false,
        };
        matches!(&*self.calls[call].job, Job::Deliver(_)) && mutations.iter().any(refused)
    }
}
