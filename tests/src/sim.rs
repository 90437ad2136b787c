//! The deterministic simulator: several instances of the engine on one store, with every fault that the contract allows,
//! all of it decided by one seed. `docs/simulation.md` says what is real, what is doubled, and what is not modelled.

mod actor;
mod calls;
mod checkers;
mod coverage;
mod http_calls;
mod model;
mod net;
mod params;
mod rng;
mod rows;
mod sabotage;
mod signature;
mod storage_calls;
mod store;
mod trace;
mod workload;
mod world;

use std::rc::Rc;

use hookwright_engine::{Config, SealingKey, Settings};

pub use checkers::Failure;
pub use coverage::{Count, Coverage};
pub use params::{Faults, Params};
pub use sabotage::Sabotage;

/// What became of a seed.
#[derive(Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// What it drew.
    pub params: Params,
    /// What happened, counted.
    pub coverage: Coverage,
    /// A hash of everything that the engine asked for, in order.
    pub hash: u64,
    /// The first promise that was broken.
    pub failure: Option<Failure>,
    /// What happened, line by line, if that was asked for.
    pub trace: Vec<String>,
}

/// Runs one seed.
pub fn run(seed: u64, sabotage: Option<Sabotage>, trace: bool) -> Run {
    let params = Params::draw(seed);
    let key = SealingKey { id: "k1".to_owned(), key_hex: "0b".repeat(32) };
    let settings = Settings { profile: params.profile.to_owned(), sealing_keys: vec![key], ..Settings::default() };
    let config = match Config::new(&settings) {
        Ok(config) => Rc::new(config),
        Err(error) => {
            let failure = Some(Failure { checker: "configuration", detail: error.to_string() });
            return Run { seed, params, coverage: Coverage::default(), hash: 0, failure, trace: Vec::new() };
        }
    };
    let mut world = world::World::new(seed, config, params, sabotage, trace::Trace::new(trace));
    let failure = world.run().err();
    world.stop();
    let coverage = world.counted();
    Run { seed, params: world.params, coverage, hash: world.trace.hash(), failure, trace: world.trace.into_lines() }
}
