//! The deterministic simulator: several instances of the engine on one store, with every fault that the contract allows,
//! all of it decided by one seed. `docs/simulation.md` says what is real, what is doubled, and what is not modelled.

mod actor;
mod agenda;
mod apply;
mod apply_attempts;
mod apply_lanes;
mod apply_messages;
mod applying;
mod backup;
mod calls;
mod change;
mod checkers;
mod counting;
mod coverage;
mod disk;
mod errors;
mod failing;
mod filters;
mod health;
mod hits;
mod http_calls;
mod ids;
mod instance;
mod job;
mod kept;
mod kills;
mod landing;
mod model;
mod net;
mod observed;
mod odd;
mod ops;
mod params;
mod patterns;
mod point;
pub mod points;
mod poison;
mod receiver;
mod removal;
mod requests;
mod resting;
mod restore;
mod rng;
mod rows;
mod run;
mod sabotage;
mod scenario;
mod scenarios;
mod script;
mod scripted;
mod signature;
mod statuses;
mod storage_calls;
mod store;
mod strangers;
mod streams;
mod touched;
mod trace;
mod workload;
mod world;

use std::rc::Rc;

use hookwright_engine::{Config, SealingKey, Settings};

pub use actor::{Elsewhere, Life, Senses, Step};
pub use checkers::Failure;
pub use coverage::{Count, Coverage};
pub use job::{Job, answer, erasure, request, settings as settings_json};
pub use ops::{Done, Op, Reply};
pub use params::{Faults, Params};
pub use sabotage::{Outcome, Sabotage};

/// Seeds that failed once, and what was wrong.
pub const PINNED: &[(u64, &str)] = &[
    (95, "a rotated secret went on signing after its overlap, for as long as its webhook's lane was leased"),
    (172, "a slow read of the messages let requests leave after the lease that they were covered by"),
    (175, "a read that failed while results were waiting dropped them, so that everything was sent again"),
    (805, "an erasure of the first delivery of a strict lane announced the one behind it after it was due"),
    (1_455, "a replay asked for what was in the last row of a batch in strict order, one of whose rows had become two"),
    (1_903, "a redelivery whose commit had an unknown outcome was made twice if its attempt had ended by then"),
    (2_898, "an attempt brought forward while it was under way was put twice into one settling commit"),
    (3_229, "attempts whose commit had landed with an unknown outcome did not count towards disabling the webhook"),
    (16_790, "a replay took what waits behind a strict lane's first delivery for missed, and it was sent twice"),
    (
        206_315,
        "a lane that became strict and was removed while a request was in flight forgot what it had known, for a lease",
    ),
    (
        334_760,
        "a success that was recorded between the look at a lane and its claim was forgotten, and the webhook disabled",
    ),
    (240_092, "strict order that was switched on while a request was in flight left its retry without a timer"),
    (178_446, "a worker's call ended with a leased lane that it was about to release when more deliveries arrived"),
    (67_426, "an erasure took an event that was reported again after another erasure of the same subject"),
    (24_316, "a webhook removed while its 410 came back had its waiting deliveries skipped, and not cancelled"),
    (543_374, "a replay looked each second at a queue that its strict order had blocked for days"),
    (
        771_395,
        "a redelivery that had begun before its message was removed asked for another one that was reported under its id",
    ),
    (
        1_341_320,
        "two redeliveries of what waited, in one millisecond: the second deleted and put the same queue row in one commit",
    ),
    (
        1_386_848,
        "of two deadly messages in one page of a replay, the second killed seven workers of its own instead of three",
    ),
    (
        1_278_367,
        "one recorded attempt of another delivery reset a lane's count of claims, and the deadly one killed ten workers",
    ),
    (5_760, "a clock that jumped while the storage was slow gave a request up before its timeout"),
    (911_226, "a worker routed batch after batch while the lease ran out whose responses it had yet to record"),
];

/// The result of a seed.
#[derive(Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// The parameters that the seed drew.
    pub params: Params,
    /// Counts of events in the run.
    pub coverage: Coverage,
    /// A hash of everything that the engine asked for and answered, in order.
    pub hash: u64,
    /// The first promise that was broken.
    pub failure: Option<Failure>,
    /// The run's story, line by line, if it was asked for.
    pub trace: Vec<String>,
}

/// Runs one seed.
pub fn run(seed: u64, sabotage: Option<Sabotage>, trace: bool) -> Run {
    run_with(seed, sabotage, None, trace)
}

/// Runs one seed, its calls carried out elsewhere.
pub fn run_elsewhere(seed: u64, elsewhere: impl FnOnce(&Settings) -> Rc<dyn Elsewhere>, trace: bool) -> Run {
    let settings = settings(&Params::draw(seed));
    run_with(seed, None, Some(elsewhere(&settings)), trace)
}

fn run_with(seed: u64, sabotage: Option<Sabotage>, elsewhere: Option<Rc<dyn Elsewhere>>, trace: bool) -> Run {
    let params = Params::draw(seed);
    let config = match config(&params) {
        Ok(config) => config,
        Err(failure) => {
            let (coverage, failure) = (Coverage::default(), Some(failure));
            return Run { seed, params, coverage, hash: 0, failure, trace: Vec::new() };
        }
    };
    let mut world = world::World::new(seed, config, params, sabotage, trace::Trace::new(trace));
    world.elsewhere = elsewhere;
    let failure = world.run().err();
    world.stop();
    let coverage = world.counted();
    Run { seed, params: world.params, coverage, hash: world.trace.hash(), failure, trace: world.trace.into_lines() }
}

fn config(params: &Params) -> Result<Rc<Config>, Failure> {
    let failed = |error: hookwright_engine::Error| Failure { checker: "configuration", detail: error.to_string() };
    Config::new(&settings(params)).map(Rc::new).map_err(failed)
}

fn settings(params: &Params) -> Settings {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "0b".repeat(32) };
    Settings {
        profile: params.profile.to_owned(),
        sealing_keys: vec![key],
        retention_s: Some(params.retention_s),
        disable_after_s: Some(params.disable_after_s),
        disable_after_deliveries: Some(params.disable_after_deliveries),
        ..Settings::default()
    }
}
