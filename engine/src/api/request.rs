//! A request to the management API, its caller, and its response.

/// A request to the management API. Its body may hold a secret and is not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiRequest {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: String,
    /// Begins with `/`; percent-encoded as it came.
    pub path: String,
    /// The query: the text after the `?`, as it came.
    pub query: String,
    /// The body; empty if there is none.
    pub body: String,
}

impl std::fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiRequest").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// The caller of the management API, authenticated by the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's tenant.
    pub tenant: String,
    /// The caller's user id.
    pub user: Option<String>,
    /// The caller's permissions.
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
