//! What a host tells an instance once: the dialect, the sealing keys, the destinations that are allowed.

use crate::host::EgressPolicy;
use crate::profile::Profile;
use crate::seal::Keys;
use crate::{Error, SealingKey, egress};

/// An instance's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    profile: &'static Profile,
    sealing: Keys,
    allow_destinations: Vec<String>,
}

impl Config {
    /// Checks and takes the configuration.
    pub fn new(profile: &str, sealing_keys: &[SealingKey], allow_destinations: &[String]) -> Result<Config, Error> {
        let profile = built_in("profile", profile)?;
        for (index, network) in allow_destinations.iter().enumerate() {
            egress::check_network(&format!("allowDestinations[{index}]"), network)?;
        }
        Ok(Config { profile, sealing: Keys::new(sealing_keys)?, allow_destinations: allow_destinations.to_vec() })
    }

    /// The platform's dialect.
    pub fn profile(&self) -> &Profile {
        self.profile
    }

    /// The dialect that a webhook speaks.
    pub fn format(&self, field: &str, name: &str) -> Result<&'static Profile, Error> {
        if name == self.profile.name { Ok(self.profile) } else { built_in(field, name) }
    }

    /// The keys that seal secrets.
    pub fn sealing(&self) -> &Keys {
        &self.sealing
    }

    /// Where requests may go.
    pub fn egress(&self) -> EgressPolicy {
        egress::policy(&self.allow_destinations)
    }
}

fn built_in(field: &str, name: &str) -> Result<&'static Profile, Error> {
    Profile::builtin(name).ok_or_else(|| {
        Error::invalid(field, format!("there is no profile `{name}`"))
            .hint(format!("the profiles are {}", Profile::BUILTIN_NAMES.join(", ")))
    })
}
