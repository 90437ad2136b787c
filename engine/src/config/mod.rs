//! The configuration that a host gives to an instance: profiles, sealing keys, allowed destinations, and numbers.

pub mod settings;

pub(crate) mod egress;
pub(crate) mod seal;
pub(crate) mod url;

pub use settings::{PlainHttp, SealingKey, Settings};

use std::sync::Arc;

use crate::config::seal::Keys;
use crate::ports::EgressPolicy;
use crate::profile::{Profile, check_user_agent};
use crate::support::error::{Error, ErrorKind};
use crate::support::json::{InvalidText, quoted};
use crate::support::limits::{
    DISABLE_AFTER_S, PROFILES_MAX, RETENTION_S, WEBHOOKS_PER_TENANT_CEILING, WEBHOOKS_PER_TENANT_MAX,
};

/// An instance's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    profile: Arc<Profile>,
    /// The profiles that the host configures.
    profiles: Vec<Arc<Profile>>,
    sealing: Keys,
    allow_destinations: Vec<String>,
    plain_http: PlainHttp,
    user_agent: Option<String>,
    invalid_text: InvalidText,
    webhooks_per_tenant_max: u32,
    disable_after_s: u32,
    disable_after_deliveries: u32,
    retention_s: u32,
}

impl Config {
    /// Returns the configuration of these settings. Errors: `invalid` or `too-large`, with the field.
    pub fn new(settings: &Settings) -> Result<Config, Error> {
        let profiles = own_profiles(&settings.profiles)?;
        for (index, network) in settings.allow_destinations.iter().enumerate() {
            egress::check_network(&format!("allowDestinations[{index}]"), network)?;
        }
        if let Some(user_agent) = &settings.user_agent {
            check_user_agent("userAgent", user_agent)?;
        }
        let webhooks_per_tenant_max = settings.webhooks_per_tenant_max.unwrap_or(WEBHOOKS_PER_TENANT_MAX);
        if !(1..=WEBHOOKS_PER_TENANT_CEILING).contains(&webhooks_per_tenant_max) {
            let message = format!("`{webhooks_per_tenant_max}` is out of range");
            let error = Error::invalid("webhooksPerTenantMax", message);
            return Err(error.hint(format!("1 to {WEBHOOKS_PER_TENANT_CEILING}")));
        }
        Ok(Config {
            profile: named(&profiles, "profile", &settings.profile)?,
            profiles,
            sealing: Keys::new(&settings.sealing_keys)?,
            allow_destinations: settings.allow_destinations.clone(),
            plain_http: settings.plain_http,
            user_agent: settings.user_agent.clone(),
            invalid_text: settings.invalid_text,
            webhooks_per_tenant_max,
            disable_after_s: settings.disable_after_s.unwrap_or(DISABLE_AFTER_S),
            disable_after_deliveries: settings.disable_after_deliveries.unwrap_or(0),
            retention_s: settings.retention_s.unwrap_or(RETENTION_S),
        })
    }

    /// Returns the platform's profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns the profile that a webhook chooses as its format. Attributes that the platform's profile hides stay
    /// hidden in every format, because that profile knows the models. The `User-Agent` is the host's, the format's or
    /// the platform's, in this order.
    pub fn format(&self, field: &str, name: &str) -> Result<Arc<Profile>, Error> {
        let mut format = named(&self.profiles, field, name)?;
        if format.name != self.profile.name && !self.profile.hidden.is_empty() {
            Arc::make_mut(&mut format).hidden.extend_from_slice(&self.profile.hidden);
        }
        let user_agent = self.user_agent.as_ref().or(format.user_agent.as_ref()).or(self.profile.user_agent.as_ref());
        if let Some(user_agent) = user_agent.filter(|text| format.user_agent.as_ref() != Some(text)).cloned() {
            Arc::make_mut(&mut format).user_agent = Some(user_agent);
        }
        Ok(format)
    }

    /// Returns the keys that seal secrets.
    pub fn sealing(&self) -> &Keys {
        &self.sealing
    }

    /// Returns the egress policy.
    pub fn egress(&self) -> EgressPolicy {
        egress::policy(&self.allow_destinations)
    }

    /// Returns why no request may reach the address that a checked URL names. `None`: it may, or the URL has a name,
    /// whose addresses are judged at each request.
    pub fn address_refusal(&self, url: &str) -> Option<String> {
        url::literal_address(url).and_then(|address| egress::refusal(&self.allow_destinations, address))
    }

    /// Returns the policy on `http` URLs.
    pub fn plain_http(&self) -> PlainHttp {
        self.plain_http
    }

    /// Returns the time without a success after which a failing webhook is disabled, in milliseconds. `None`: there is
    /// no limit.
    pub fn disable_after_ms(&self) -> Option<u64> {
        (self.disable_after_s > 0).then_some(u64::from(self.disable_after_s) * 1_000)
    }

    /// Returns the rule for U+0000 and halves of surrogate pairs in events.
    pub fn invalid_text(&self) -> InvalidText {
        self.invalid_text
    }

    /// Returns the number of failed deliveries in a row after which a webhook is disabled. `None`: there is no limit.
    pub fn disable_after_deliveries(&self) -> Option<u32> {
        (self.disable_after_deliveries > 0).then_some(self.disable_after_deliveries)
    }

    /// Returns the time for which messages and their attempts are kept, in milliseconds. `None`: they are never
    /// removed.
    pub fn retention_ms(&self) -> Option<u64> {
        (self.retention_s > 0).then_some(u64::from(self.retention_s) * 1_000)
    }

    /// Returns the largest number of webhooks of one tenant.
    pub fn webhooks_per_tenant_max(&self) -> u32 {
        self.webhooks_per_tenant_max
    }
}

fn own_profiles(texts: &[String]) -> Result<Vec<Arc<Profile>>, Error> {
    if texts.len() > PROFILES_MAX {
        let message = format!("has {} profiles; {PROFILES_MAX} are allowed", texts.len());
        return Err(Error::of(ErrorKind::TooLarge, message).at("profiles"));
    }
    let mut profiles: Vec<Arc<Profile>> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let place = format!("profiles[{index}]");
        let profile = Profile::parse(text).map_err(|error| error.within(&place))?;
        let taken = Profile::BUILTIN_NAMES.contains(&profile.name.as_str());
        if taken || profiles.iter().any(|other| other.name == profile.name) {
            let error = Error::invalid("name", format!("there is a profile `{}` already", profile.name));
            return Err(error.hint("give it another name").within(&place));
        }
        profiles.push(Arc::new(profile));
    }
    Ok(profiles)
}

fn named(own: &[Arc<Profile>], field: &str, name: &str) -> Result<Arc<Profile>, Error> {
    let found = own.iter().find(|profile| profile.name == name).cloned().or_else(|| Profile::builtin_shared(name));
    found.ok_or_else(|| {
        let names = Profile::BUILTIN_NAMES.into_iter().chain(own.iter().map(|profile| profile.name.as_str()));
        Error::invalid(field, format!("there is no profile `{}`", quoted(name)))
            .hint(format!("the profiles are {}", names.collect::<Vec<_>>().join(", ")))
    })
}

#[cfg(test)]
mod tests;
