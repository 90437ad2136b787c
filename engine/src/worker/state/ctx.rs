//! The context of every step: the host, the configuration and the egress policy. It never changes during a run.

use crate::config::Config;
use crate::ports::{EgressPolicy, Host};
use crate::store::id;

/// The context of every step.
pub(crate) struct Ctx<'a> {
    pub host: &'a dyn Host,
    pub config: &'a Config,
    /// The policy under which every request of the run is made.
    pub egress: EgressPolicy,
}

impl<'a> Ctx<'a> {
    /// Returns the context of a run.
    pub(crate) fn new(host: &'a dyn Host, config: &'a Config) -> Ctx<'a> {
        Ctx { host, config, egress: config.egress() }
    }

    /// Returns the host's time in milliseconds.
    pub(crate) fn now_ms(&self) -> u64 {
        self.host.now_us() / 1_000
    }

    /// Draws the token of a commit.
    pub(crate) fn token(&self) -> String {
        id::token(self.host)
    }
}
