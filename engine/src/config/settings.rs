//! The settings that a host gives to an instance.

use zeroize::Zeroize;

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

/// What an instance is told when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name of a profile, built-in or of `profiles`: the events that there are, and the defaults.
    pub profile: String,
    /// Profiles of the host's own, as JSON documents.
    pub profiles: Vec<String>,
    /// The first seals; all of them unseal. At least one.
    pub sealing_keys: Vec<SealingKey>,
    /// Networks in CIDR form that webhooks may reach although they are private, loopback or reserved.
    pub allow_destinations: Vec<String>,
    /// Whether webhooks may have `http` URLs.
    pub plain_http: PlainHttp,
    /// How many webhooks a tenant may have; none: [`crate::support::limits::WEBHOOKS_PER_TENANT_MAX`].
    pub webhooks_per_tenant_max: Option<u32>,
    /// How long a webhook may fail without a success until it is disabled, in seconds; 0: for ever; none:
    /// [`crate::support::limits::DISABLE_AFTER_S`].
    pub disable_after_s: Option<u32>,
    /// After how many deliveries in a row that failed a webhook is disabled; 0 or none: never.
    pub disable_after_deliveries: Option<u32>,
    /// How long messages and their attempts are kept, in seconds, once all deliveries have ended; 0: for ever; none:
    /// [`crate::support::limits::RETENTION_S`].
    pub retention_s: Option<u32>,
}

impl Default for Settings {
    /// Profile `standard`, `http` allowed, and no sealing key yet.
    fn default() -> Settings {
        Settings {
            profile: "standard".to_owned(),
            profiles: Vec::new(),
            sealing_keys: Vec::new(),
            allow_destinations: Vec::new(),
            plain_http: PlainHttp::Allowed,
            webhooks_per_tenant_max: None,
            disable_after_s: None,
            disable_after_deliveries: None,
            retention_s: None,
        }
    }
}

/// Whether URLs may be `http`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// `http` and `https`.
    Allowed,
    /// `https` alone.
    Refused,
}
