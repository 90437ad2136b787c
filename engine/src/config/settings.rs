//! The settings that a host gives to an instance.

use zeroize::Zeroize;

use crate::support::json::InvalidText;
#[cfg(doc)]
use crate::support::limits::{DISABLE_AFTER_S, RETENTION_S, WEBHOOKS_PER_TENANT_MAX};

/// A key that seals secrets, as configured.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey {
    /// Its name: 1 to 32 of `a-z`, `0-9`, `-`.
    pub id: String,
    /// 32 bytes in hexadecimal.
    pub key_hex: String,
}

impl Drop for SealingKey {
    /// Overwrites the key in memory.
    fn drop(&mut self) {
        self.key_hex.zeroize();
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The settings of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name of the platform's profile, built-in or of `profiles`. It has the catalogue of events and the defaults.
    pub profile: String,
    /// Further profiles, as JSON documents.
    pub profiles: Vec<String>,
    /// The sealing keys. The first one seals new texts, all of them open. There is at least one.
    pub sealing_keys: Vec<SealingKey>,
    /// Networks in CIDR form that webhooks may reach although they are private, loopback or reserved.
    pub allow_destinations: Vec<String>,
    /// The policy on `http` URLs.
    pub plain_http: PlainHttp,
    /// The `User-Agent` of every request. `None`: the one of the webhook's format, of the platform's profile, or
    /// `Hookwright/<version>`, in this order.
    pub user_agent: Option<String>,
    /// The rule for U+0000 and halves of surrogate pairs in events.
    pub invalid_text: InvalidText,
    /// The largest number of webhooks of one tenant. `None`: [`WEBHOOKS_PER_TENANT_MAX`].
    pub webhooks_per_tenant_max: Option<u32>,
    /// The time without a success after which a failing webhook is disabled, in seconds. 0: there is no limit. `None`:
    /// [`DISABLE_AFTER_S`].
    pub disable_after_s: Option<u32>,
    /// The number of failed deliveries in a row after which a webhook is disabled. 0 or `None`: there is no limit.
    pub disable_after_deliveries: Option<u32>,
    /// The time for which messages and their attempts are kept after all deliveries have ended, in seconds. 0: they are
    /// never removed. `None`: [`RETENTION_S`].
    pub retention_s: Option<u32>,
}

impl Default for Settings {
    /// Returns settings with the profile `standard`, `http` allowed, and no sealing key yet.
    fn default() -> Settings {
        Settings {
            profile: "standard".to_owned(),
            profiles: Vec::new(),
            sealing_keys: Vec::new(),
            allow_destinations: Vec::new(),
            plain_http: PlainHttp::Allowed,
            user_agent: None,
            invalid_text: InvalidText::Keep,
            webhooks_per_tenant_max: None,
            disable_after_s: None,
            disable_after_deliveries: None,
            retention_s: None,
        }
    }
}

/// The policy on `http` URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// `http` and `https`.
    Allowed,
    /// Only `https`.
    Refused,
}
