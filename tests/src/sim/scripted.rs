//! The platform of a scenario: it turns each step into a call of the engine.

use super::ids::InstanceId;
use super::job::Job;
use super::model::Lane;
use super::receiver::Health;
use super::scenario::Step::{self, *};
use super::scenario::{Registered, Which};
use super::workload::Receiver;
use super::world::World;

const TENANT: &str = "acme";
const EVER: &str = r#"{"since":"1970-01-01T00:00:00Z"}"#;

impl World {
    /// The script's first registrations, without a fault.
    pub fn scripted_registrations(&mut self) -> Vec<Job> {
        let webhooks = self.script.as_ref().map_or(&[][..], |script| script.scenario.webhooks);
        webhooks.iter().map(|webhook| self.scripted_registration(*webhook)).collect()
    }

    /// The platform's next step.
    pub fn scripted_call(&mut self, instance: InstanceId) -> Option<Job> {
        loop {
            let step = self.script.as_mut()?.next()?;
            let job = self.scripted_job(step);
            if let Some(job) = job {
                return Some(job);
            }
            self.trace.note(self.now_us, || format!("instance {instance} leaves out {step:?}"));
            self.script.as_mut()?.leave_out();
        }
    }

    /// A step's call; none if what it is about is not there.
    fn scripted_job(&mut self, step: Step) -> Option<Job> {
        let tenant = TENANT.to_owned();
        Some(match step {
            Report(markers) | ReportInTransaction(markers) => Job::Accept {
                tenant,
                events: markers.iter().map(|marker| event(self.params.profile, *marker)).collect(),
                markers: markers.to_vec(),
                transaction: matches!(step, ReportInTransaction(_)),
            },
            Register(webhook) => self.scripted_registration(webhook),
            Update(which, json) => Job::Update { tenant, webhook: self.which(which)?, json: json.to_owned() },
            Unregister(which) => Job::Unregister { tenant, webhook: self.which(which)? },
            Rotate(which, overlap_s) => {
                Job::Rotate { tenant, webhook: self.which(which)?, secret: self.workload.secret(), overlap_s }
            }
            Test(which) => Job::Test { tenant, webhook: self.which(which)? },
            Recover(which) => Job::Recover { tenant, webhook: self.which(which)?, range: EVER.to_owned() },
            Replay(which) => Job::Replay { tenant, webhook: self.which(which)?, range: EVER.to_owned() },
            Cancel => Job::Cancel { tenant, id: self.workload.jobs.last()?.1.clone() },
            Erase(subject) => Job::Erase { tenant, subject },
            KeepBodies(keep_bodies) => Job::Settings { tenant, keep_bodies },
            Redeliver(which) => {
                let webhook = match which {
                    Some(which) => Some(self.which(which)?),
                    None => None,
                };
                Job::Redeliver { tenant, message: self.workload.messages.first()?.1.clone(), webhook }
            }
        })
    }

    fn scripted_registration(&mut self, webhook: Registered) -> Job {
        let (receiver, secret) = (self.workload.receivers.len(), self.workload.secret());
        let Registered { events, schedule, rate, answers, more } = webhook;
        let json = format!(
            r#"{{"name":"n","url":"https://h{receiver}.sim.test/in","events":{events},"secret":"{secret}","schedule":{schedule},"timeoutMs":3000,"concurrency":2,"ratePerMinute":{rate}{more}}}"#
        );
        let health = Health::Says { answers, asked: 0 };
        self.workload.receivers.push(Receiver { health });
        Job::Register { tenant: TENANT.to_owned(), json }
    }

    /// The id of a webhook.
    fn which(&self, which: Which) -> Option<String> {
        let there = |receiver: usize| {
            let id = self.model.by_url.get(&format!("https://h{receiver}.sim.test/in"))?;
            self.model.lanes.get(id).and_then(Lane::registration)?;
            id.rsplit('/').next().map(str::to_owned)
        };
        match which {
            Which::First => there(0),
            Which::Newest => (0..self.workload.receivers.len()).rev().find_map(there),
        }
    }
}

fn event(profile: &str, marker: u64) -> String {
    let event_type = if profile == "standard" { "a.b" } else { "asset.lost" };
    format!(
        r#"{{"id":"evt-{marker}","type":"{event_type}","occurredAt":"2025-02-04T12:00:00.000Z","subject":{{"type":"asset","id":{marker}}},"data":{{"sim":{marker}}}}}"#
    )
}
