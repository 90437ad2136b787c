//! The values that the engine's calls take and answer.

/// An event was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The message's id.
    pub message_id: String,
    /// False if the same event had been accepted before.
    pub new: bool,
}

/// How much a call of `deliver` may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Starts nothing new after so many milliseconds.
    pub time_ms: u32,
    /// Starts at most so many attempts.
    pub attempts_max: u32,
}

/// What a call of `deliver` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Messages whose webhooks were determined.
    pub routed: u32,
    /// Attempts made and recorded.
    pub attempts: u32,
    /// Of these, the successful ones.
    pub delivered: u32,
    /// Milliseconds until `deliver` should be called again.
    pub next_due_ms: u32,
    /// Rows that could not be read, for the operator: each names its key. What does not need them went on.
    pub problems: Vec<String>,
}

/// A key that seals secrets, as configured.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey {
    /// Its name: 1 to 32 of `a-z`, `0-9`, `-`.
    pub id: String,
    /// 32 bytes in hexadecimal.
    pub key_hex: String,
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
    /// How many webhooks a tenant may have; none: [`crate::limits::WEBHOOKS_PER_TENANT_MAX`].
    pub webhooks_per_tenant_max: Option<u32>,
    /// How long a webhook may fail without a success until it is disabled, in seconds; 0: for ever; none:
    /// [`crate::limits::DISABLE_AFTER_S`].
    pub disable_after_s: Option<u32>,
    /// After how many deliveries in a row that failed a webhook is disabled; 0 or none: never.
    pub disable_after_deliveries: Option<u32>,
    /// How long messages and their attempts are kept, in seconds, once all deliveries have ended; 0: for ever; none:
    /// [`crate::limits::RETENTION_S`].
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

/// A request to the management API. Its body may hold a secret and is not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiRequest {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: String,
    /// Begins with `/`; percent-encoded as it came.
    pub path: String,
    /// What follows the `?`, as it came.
    pub query: String,
    /// The body; empty if there is none.
    pub body: String,
}

impl std::fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiRequest").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// Who calls the management API. The host has authenticated them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant they belong to.
    pub tenant: String,
    /// Their user id.
    pub user: Option<String>,
    /// What they may do.
    pub permissions: Vec<String>,
}

/// The management API's response. Its body may show a new secret and is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl std::fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
