//! The main scenarios, written out: which webhooks there are, what their receivers answer, what the platform does and when.
//! Nothing is drawn that matters, so that the calls of a scenario can be counted and each be made the moment of a crash;
//! `points` does that.

use std::collections::VecDeque;

use super::coverage::Count;
use super::ids::InstanceId;
use super::job::Job;
use super::model::Lane;
use super::point::{Kind, Mode, Point};
use super::poison::Poison;
use super::receiver::Health;
use super::workload::Receiver;
use super::world::{Held, World};

/// A scenario.
#[derive(Debug)]
pub struct Scenario {
    /// As on the command line.
    pub name: &'static str,
    /// Instances that pump.
    pub workers: usize,
    /// The webhooks at the start.
    pub webhooks: &'static [Hook],
    /// The platform's steps, and the pause before each, in milliseconds.
    pub steps: &'static [(u64, Step)],
    /// The events that a run without faults must count.
    pub expects: &'static [Count],
    /// The first worker's clock is ahead by far, and it is gone when it first sends.
    pub stumbles: bool,
    /// The event of this number is poison.
    pub poison: Option<(u64, Poison)>,
    /// Retention of messages, in seconds; 0: without limit.
    pub retention_s: u32,
}

/// A webhook and its receiver.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Its patterns, in JSON.
    pub events: &'static str,
    /// In JSON.
    pub schedule: &'static str,
    /// Requests a minute; 0: as many as there are.
    pub rate: u32,
    /// The receiver's statuses, request by request; the last stays.
    pub answers: &'static [u16],
    /// Further fields, each after a comma.
    pub more: &'static str,
}

/// A step of the platform.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Reports the events of these numbers.
    Report(&'static [u64]),
    /// The same in a transaction of its own.
    ReportInTransaction(&'static [u64]),
    Register(Hook),
    Update(Which, &'static str),
    Unregister(Which),
    Rotate(Which),
    Test(Which),
    /// Has the first message sent again, to this webhook or to all.
    Redeliver(Option<Which>),
    /// Has everything sent again that has failed.
    Recover(Which),
    /// Has everything sent that was missed.
    Replay(Which),
    /// Ends the last of the jobs.
    Cancel,
    /// Has everything removed about the events of this number.
    Erase(u64),
    /// Says whether bodies are kept.
    KeepBodies(bool),
}

/// A webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first that there was.
    First,
    /// The newest that is there.
    Newest,
}

const TENANT: &str = "acme";
const WELL: Hook = Hook { events: r#"["*"]"#, schedule: "[5,60]", rate: 0, answers: &[200], more: "" };
const EVER: &str = r#"{"since":"1970-01-01T00:00:00Z"}"#;
const FAILS_ONCE: Hook = Hook { answers: &[500, 200], ..WELL };
const FAILS: Hook = Hook { answers: &[500], ..WELL };
const GONE: Hook = Hook { answers: &[410], ..WELL };
const RATED: Hook = Hook { rate: 30, ..WELL };
const STRICT: Hook = Hook { answers: &[200, 500, 200], more: r#","strictOrder":true"#, ..WELL };
const PAUSES: Hook =
    Hook { answers: &[200, 500, 500, 500, 200], more: r#","strictOrder":true,"onExhausted":"pause""#, ..WELL };
const OTHERS: Hook = Hook { events: r#"["order.paid"]"#, ..WELL };
const PLAIN: Scenario = Scenario {
    name: "",
    workers: 1,
    webhooks: &[WELL],
    steps: &[],
    expects: &[Count::Delivered],
    stumbles: false,
    poison: None,
    retention_s: 0,
};
use Step::*;

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "first-delivery", steps: &[(0, Report(&[1]))], ..PLAIN },
    Scenario { name: "batch", steps: &[(0, Report(&[1, 2, 3, 4, 5, 6])), (50, Report(&[6, 7]))], ..PLAIN },
    Scenario {
        name: "transaction",
        steps: &[(0, ReportInTransaction(&[1, 2]))],
        expects: &[Count::Delivered, Count::Transactions],
        ..PLAIN
    },
    Scenario {
        name: "retry",
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1]))],
        expects: &[Count::Retries, Count::Delivered],
        ..PLAIN
    },
    Scenario {
        name: "exhausted",
        webhooks: &[FAILS],
        steps: &[(0, Report(&[1, 2]))],
        expects: &[Count::Retries, Count::Exhausted],
        ..PLAIN
    },
    Scenario {
        name: "fan-out",
        webhooks: &[WELL, FAILS_ONCE, OTHERS, WELL, WELL],
        steps: &[(0, Report(&[1]))],
        ..PLAIN
    },
    Scenario {
        name: "registrations",
        webhooks: &[FAILS_ONCE],
        steps: &[
            (0, Report(&[1])),
            (1, Register(WELL)),
            (1, Report(&[2])),
            (1, Update(Which::First, r#"{"events":["a.*"]}"#)),
            (1, Rotate(Which::First)),
            (1, Report(&[3])),
            (1, Update(Which::Newest, r#"{"isActive":false}"#)),
            (1, Update(Which::Newest, r#"{"isActive":true}"#)),
            (1, Report(&[4])),
            (3_000, Unregister(Which::First)),
        ],
        expects: &[Count::Delivered, Count::Cancelled, Count::Changes],
        ..PLAIN
    },
    Scenario {
        name: "test-send",
        steps: &[(0, Report(&[1])), (1, Test(Which::First))],
        expects: &[Count::Delivered, Count::Tests],
        ..PLAIN
    },
    Scenario {
        name: "again-delivered",
        steps: &[(0, Report(&[1])), (10_000, Redeliver(Some(Which::First))), (1, Redeliver(None))],
        expects: &[Count::Delivered, Count::AskedAgain],
        ..PLAIN
    },
    Scenario {
        name: "again-waiting",
        webhooks: &[Hook { schedule: "[300,300]", ..FAILS_ONCE }],
        steps: &[(0, Report(&[1])), (10_000, Redeliver(Some(Which::First)))],
        expects: &[Count::Delivered, Count::BroughtForward],
        ..PLAIN
    },
    Scenario {
        name: "again-missed",
        webhooks: &[OTHERS],
        steps: &[(0, Report(&[1])), (3_000, Register(WELL)), (1, Redeliver(Some(Which::Newest)))],
        expects: &[Count::Delivered, Count::AskedFirst],
        ..PLAIN
    },
    Scenario {
        name: "again-while-routed",
        steps: &[(0, Report(&[1])), (0, Register(WELL)), (0, Redeliver(None))],
        expects: &[Count::Delivered, Count::Redeliveries],
        ..PLAIN
    },
    Scenario {
        name: "recover",
        webhooks: &[Hook { schedule: "[1]", answers: &[500, 500, 500, 500, 500, 200], ..WELL }],
        steps: &[(0, Report(&[1, 2])), (10_000, Recover(Which::First)), (10_000, Recover(Which::First))],
        expects: &[Count::Exhausted, Count::Delivered, Count::JobAsks, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "replay",
        webhooks: &[OTHERS],
        steps: &[
            (0, Report(&[1, 2])),
            (3_000, Register(WELL)),
            (1, Report(&[3])),
            (1, Replay(Which::Newest)),
            (3_000, Update(Which::Newest, r#"{"isActive":false}"#)),
            (1, Report(&[4])),
            (3_000, Update(Which::Newest, r#"{"isActive":true}"#)),
            (1, Replay(Which::Newest)),
            (1, Cancel),
        ],
        expects: &[Count::Delivered, Count::JobAsks, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "replay-while-routed",
        steps: &[(0, Report(&[1])), (0, Register(WELL)), (0, Replay(Which::Newest))],
        expects: &[Count::Delivered, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "purge",
        webhooks: &[FAILS],
        steps: &[(0, Report(&[1])), (1_000, Test(Which::First)), (0, Report(&[2])), (0, Unregister(Which::First))],
        expects: &[Count::Cancelled, Count::Tests, Count::Purged],
        ..PLAIN
    },
    Scenario {
        name: "two-workers-recover",
        workers: 2,
        webhooks: &[Hook { schedule: "[]", answers: &[500, 500, 500, 200], ..WELL }],
        steps: &[
            (0, Report(&[1, 2, 3])),
            (3_000, Recover(Which::First)),
            (1, Redeliver(None)),
            (1, Recover(Which::First)),
        ],
        expects: &[Count::JobAsks, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "retention",
        webhooks: &[WELL, FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (1, Test(Which::First)), (61_000, Redeliver(Some(Which::First)))],
        expects: &[Count::Delivered, Count::Removed],
        retention_s: 60,
        ..PLAIN
    },
    Scenario {
        name: "erased",
        webhooks: &[WELL, Hook { schedule: "[300]", ..FAILS_ONCE }],
        steps: &[(0, Report(&[1, 2])), (3_000, Erase(1)), (1, Report(&[3])), (1, Redeliver(None))],
        expects: &[Count::Delivered, Count::Erased, Count::Erasures],
        ..PLAIN
    },
    Scenario {
        name: "erased-under-way",
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (2, Erase(1)), (1, Report(&[1]))],
        expects: &[Count::Delivered, Count::Erasures],
        ..PLAIN
    },
    Scenario {
        name: "without-bodies",
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (1, KeepBodies(false)), (1, Report(&[3])), (1, Redeliver(None))],
        expects: &[Count::Delivered, Count::Bared],
        ..PLAIN
    },
    Scenario {
        name: "gone",
        webhooks: &[GONE],
        steps: &[(0, Report(&[1, 2, 3])), (60_000, Update(Which::First, r#"{"isActive":true}"#)), (1, Report(&[4]))],
        expects: &[Count::Exhausted, Count::Skipped],
        ..PLAIN
    },
    Scenario {
        name: "gone-and-removed",
        webhooks: &[GONE],
        steps: &[(0, Report(&[1, 2, 3])), (5, Unregister(Which::First))],
        expects: &[Count::Cancelled],
        ..PLAIN
    },
    Scenario { name: "take-over", steps: &[(0, Report(&[1])), (30_000, Report(&[2]))], stumbles: true, ..PLAIN },
    Scenario { name: "rate", webhooks: &[RATED], steps: &[(0, Report(&[1, 2, 3]))], ..PLAIN },
    Scenario {
        name: "deadly",
        steps: &[(0, Report(&[1, 2, 3])), (600_000, Redeliver(Some(Which::First)))],
        expects: &[Count::Delivered, Count::Killed, Count::Failed, Count::AskedAgain],
        poison: Some((1, Poison::Read)),
        ..PLAIN
    },
    Scenario {
        name: "deadly-answer",
        workers: 2,
        steps: &[(0, Report(&[1, 2]))],
        expects: &[Count::Delivered, Count::Killed, Count::Failed],
        poison: Some((1, Poison::Answer)),
        ..PLAIN
    },
    Scenario {
        name: "unrecordable",
        webhooks: &[WELL, WELL],
        steps: &[(0, Report(&[1, 2, 3]))],
        expects: &[Count::Delivered, Count::Refused, Count::Failed],
        poison: Some((2, Poison::Record)),
        ..PLAIN
    },
    Scenario {
        name: "strict",
        webhooks: &[STRICT],
        steps: &[(0, Report(&[1, 2, 3])), (1, Report(&[4])), (10_000, Report(&[5]))],
        expects: &[Count::Delivered, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "strict-paused",
        webhooks: &[PAUSES],
        steps: &[
            (0, Report(&[1, 2, 3])),
            (120_000, Update(Which::First, r#"{"isActive":true}"#)),
            (1, Redeliver(Some(Which::First))),
            (1, Report(&[4])),
        ],
        expects: &[Count::Paused, Count::Skipped, Count::Delivered, Count::AskedAgain],
        ..PLAIN
    },
    Scenario {
        name: "strict-again",
        webhooks: &[Hook { answers: &[500, 200], ..STRICT }],
        steps: &[(0, Report(&[1, 2])), (1_000, Redeliver(Some(Which::First))), (5_000, Redeliver(None))],
        expects: &[Count::BroughtForward, Count::AskedAgain, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "strict-switched",
        webhooks: &[STRICT],
        steps: &[
            (0, Report(&[1, 2, 3])),
            (1_000, Update(Which::First, r#"{"strictOrder":false}"#)),
            (1, Report(&[4])),
            (1, Update(Which::First, r#"{"strictOrder":true}"#)),
            (1, Report(&[5])),
        ],
        expects: &[Count::Delivered, Count::Changes, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "strict-two-workers",
        workers: 2,
        webhooks: &[STRICT],
        steps: &[(0, Report(&[1])), (1, Report(&[2, 3])), (1, Report(&[4]))],
        expects: &[Count::Delivered, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "two-workers",
        workers: 2,
        webhooks: &[WELL, FAILS_ONCE],
        steps: &[(0, Report(&[1])), (1, Report(&[2, 3])), (1, Report(&[4]))],
        expects: &[Count::Retries, Count::Delivered],
        ..PLAIN
    },
    Scenario {
        name: "two-workers-again",
        workers: 2,
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (1_000, Redeliver(Some(Which::First))), (10_000, Redeliver(None))],
        expects: &[Count::BroughtForward, Count::AskedAgain],
        ..PLAIN
    },
];

/// A scenario on its way.
#[derive(Debug)]
pub struct Script {
    /// Which.
    pub scenario: &'static Scenario,
    /// Where it is hit; nowhere: it is only watched.
    pub point: Option<Point>,
    /// The calls of storage and HTTP so far.
    pub calls: Vec<Kind>,
    /// The instance that makes the hit call, until the call is over.
    pub hit: Option<(InstanceId, Mode)>,
    /// The late commit, and the number of commits that its sender or its successor makes before it arrives.
    pub late: Option<(Held, u32)>,
    /// The first worker has yet to stumble.
    pub stumbles: bool,
    steps: VecDeque<(u64, Step)>,
    now: Option<Step>,
}

impl Script {
    /// A scenario, from its beginning.
    pub fn new(scenario: &'static Scenario, point: Option<Point>) -> Script {
        let steps = scenario.steps.iter().copied().collect();
        let stumbles = scenario.stumbles;
        Script { scenario, point, calls: Vec::new(), hit: None, late: None, stumbles, steps, now: None }
    }

    /// Returns true if the platform has made all its steps.
    pub fn over(&self) -> bool {
        self.steps.is_empty() && self.now.is_none()
    }

    /// How long until the next step, in microseconds.
    pub fn pause_us(&mut self) -> u64 {
        self.now = None;
        self.steps.front().map_or(0, |(after_ms, _)| after_ms * 1_000) + 100
    }

    /// The platform has crashed: what it was doing it does again.
    pub fn again(&mut self) {
        if let Some(step) = self.now.take() {
            self.steps.push_front((0, step));
        }
    }
}

impl World {
    /// The script's first registrations, without a fault.
    pub fn scripted_registrations(&mut self) -> Vec<Job> {
        let webhooks = self.script.as_ref().map_or(&[][..], |script| script.scenario.webhooks);
        webhooks.iter().map(|hook| self.scripted_registration(*hook)).collect()
    }

    /// The platform's next step.
    pub fn scripted_call(&mut self, instance: InstanceId) -> Option<Job> {
        loop {
            let script = self.script.as_mut()?;
            let (_, step) = script.steps.pop_front()?;
            script.now = Some(step);
            let job = self.scripted_job(step);
            if let Some(job) = job {
                return Some(job);
            }
            self.trace.note(self.now_us, || format!("instance {instance} leaves out {step:?}"));
            self.script.as_mut()?.now = None;
        }
    }

    /// A step's call; none if what it is about is not there.
    fn scripted_job(&mut self, step: Step) -> Option<Job> {
        let tenant = TENANT.to_owned();
        Some(match step {
            Report(markers) | ReportInTransaction(markers) => Job::Accept {
                tenant,
                events: markers.iter().map(|marker| event(*marker)).collect(),
                markers: markers.to_vec(),
                transaction: matches!(step, ReportInTransaction(_)),
            },
            Register(hook) => self.scripted_registration(hook),
            Update(which, json) => Job::Update { tenant, webhook: self.which(which)?, json: json.to_owned() },
            Unregister(which) => Job::Unregister { tenant, webhook: self.which(which)? },
            Rotate(which) => {
                Job::Rotate { tenant, webhook: self.which(which)?, secret: self.workload.secret(), overlap_s: 3_600 }
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

    fn scripted_registration(&mut self, hook: Hook) -> Job {
        let (receiver, secret) = (self.workload.receivers.len(), self.workload.secret());
        let Hook { events, schedule, rate, answers, more } = hook;
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

fn event(marker: u64) -> String {
    format!(
        r#"{{"id":"evt-{marker}","type":"a.b","occurredAt":"2025-02-04T12:00:00.000Z","subject":{{"type":"asset","id":{marker}}},"data":{{"sim":{marker}}}}}"#
    )
}
