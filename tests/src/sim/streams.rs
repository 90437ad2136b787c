//! The random streams of a seed: one for each concern, so that a draw for one of them does not move the others.

use super::rng::Rng;

/// The streams of a world.
#[derive(Debug)]
pub struct Streams {
    /// Draws faults of storage and instances.
    pub faults: Rng,
    /// Draws faults of the network.
    pub network: Rng,
    /// Draws the wishes of receivers.
    pub wishes: Rng,
    /// Draws which completions are lost.
    pub losses: Rng,
    /// Draws the calls of strangers.
    pub strangers: Rng,
    /// Draws how far clocks are off.
    pub clocks: Rng,
}

impl Streams {
    /// The streams of a seed, at their beginning.
    pub fn new(seed: u64) -> Streams {
        Streams {
            faults: Rng::of(seed, "faults", 0),
            network: Rng::of(seed, "network", 0),
            wishes: Rng::of(seed, "wishes", 1),
            losses: Rng::of(seed, "completions", 1),
            strangers: Rng::of(seed, "strangers", 1),
            clocks: Rng::of(seed, "clocks", 0),
        }
    }
}
