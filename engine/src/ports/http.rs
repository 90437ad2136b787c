//! HTTP: requests with the policy that they are made under, and their results. `wit/http.wit` states the same contract
//! for other languages.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::support::redact;

/// A completion queue of HTTP requests.
pub trait Http {
    /// Submits requests and returns at once. Each request ends in exactly one completion.
    fn submit(&self, requests: Vec<Request>);

    /// Returns the finished requests. If there is none yet, it waits for the first one or for a signal, at most
    /// `timeout_ms`.
    fn wait(&self, timeout_ms: u32) -> WaitResult;
}

/// An HTTP request, with the policy under which it may be made.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// An id that the engine chooses, unique among the requests in flight of one instance.
    pub id: u64,
    /// `POST` or `GET`.
    pub method: String,
    /// The absolute URL, `http` or `https`.
    pub url: String,
    /// Names and values, in order. The host adds only headers of the transport (`Host`, `Content-Length`).
    pub headers: Vec<(String, String)>,
    /// The body. `None` sends none.
    pub body: Option<String>,
    /// The time for connecting, sending, the response's headers *and* its body together, in milliseconds.
    pub timeout_ms: u32,
    /// The length of the response's body that is kept, in bytes after decompression. The rest is not read.
    pub response_bytes_max: u32,
    /// The addresses that the request may reach.
    pub egress: EgressPolicy,
}

impl std::fmt::Debug for Request {
    /// Prints id, method, and the URL's host. The rest of the URL, the headers and the body may hold credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = redact::url(&self.url);
        let mut shown = f.debug_struct("Request");
        shown.field("id", &self.id).field("method", &self.method).field("url", &url).finish_non_exhaustive()
    }
}

/// The addresses that a request may reach. The engine decides; the host resolves names, compares and connects.
///
/// An address is refused when it lies in a `deny` network and in no `allow` network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Networks in CIDR form that are allowed although denied below.
    pub allow: Vec<String>,
    /// Networks in CIDR form that are refused.
    pub deny: Vec<String>,
}

/// Returns the IPv4 address that an IPv6 address embeds, if it has one of the forms that `wit/http.wit` lists.
pub fn embedded_ipv4(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let bytes = six.octets();
    let at = |start: usize| Some(Ipv4Addr::new(bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]));
    match six.segments() {
        // :: and ::1 are not IPv4-compatible addresses.
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        // ::ffff:a.b.c.d, mapped, and ::a.b.c.d, compatible (RFC 4291, 2.5.5); ::ffff:0:a.b.c.d, translated (RFC 2765)
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => at(12),
        // 2002:a.b.c.d::, 6to4 (RFC 3056)
        [0x2002, ..] => at(2),
        // 64:ff9b::a.b.c.d (RFC 6052) and 64:ff9b:1:x:y:z:a.b.c.d (RFC 8215), NAT64
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 1, ..] => at(12),
        // 2001:0:.., Teredo, with all bits inverted (RFC 4380)
        [0x2001, 0, ..] => at(12).map(|four| Ipv4Addr::from_bits(!four.to_bits())),
        // ..:0:5efe:a.b.c.d and ..:200:5efe:a.b.c.d, ISATAP under any prefix (RFC 5214)
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => at(12),
        _ => None,
    }
}

/// The result of `wait`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitResult {
    /// The finished requests, each reported once.
    pub completions: Vec<Completion>,
    /// The signal that ended the wait, if one did.
    pub signal: Signal,
}

/// A finished request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The request's id.
    pub id: u64,
    /// The time from submission to this result, in milliseconds.
    pub duration_ms: u32,
    /// The response, or the reason why there is none.
    pub result: Result<Response, HttpError>,
}

/// An HTTP response, within the request's limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// 100 to 599.
    pub status: u16,
    /// Names in lower case, and values made valid UTF-8.
    pub headers: Vec<(String, String)>,
    /// The body, made valid UTF-8 and cut to the request's limit.
    pub body: String,
    /// True if the body was longer.
    pub truncated: bool,
}

/// The reason why no response came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpError {
    /// The kind, which decisions are based on.
    pub kind: HttpErrorKind,
    /// One sentence for the log.
    pub detail: String,
}

/// The kinds of transport failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpErrorKind {
    /// The egress policy refuses every address of the name, or the address in the URL.
    DestinationProhibited,
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// No trusted TLS session.
    Tls,
    /// The timeout passed.
    Timeout,
    /// The response was not HTTP, or the connection broke midway.
    Protocol,
    /// The client refused a header or the URL.
    InvalidRequest,
    /// Any other failure of the host.
    #[default]
    Internal,
}

impl HttpErrorKind {
    /// Every kind.
    pub const ALL: [HttpErrorKind; 8] = [
        HttpErrorKind::DestinationProhibited,
        HttpErrorKind::Dns,
        HttpErrorKind::Connect,
        HttpErrorKind::Tls,
        HttpErrorKind::Timeout,
        HttpErrorKind::Protocol,
        HttpErrorKind::InvalidRequest,
        HttpErrorKind::Internal,
    ];

    /// Returns its name in the contract and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            HttpErrorKind::DestinationProhibited => "destination-prohibited",
            HttpErrorKind::Dns => "dns",
            HttpErrorKind::Connect => "connect",
            HttpErrorKind::Tls => "tls",
            HttpErrorKind::Timeout => "timeout",
            HttpErrorKind::Protocol => "protocol",
            HttpErrorKind::InvalidRequest => "invalid-request",
            HttpErrorKind::Internal => "internal",
        }
    }
}

/// The signal that ends a wait early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signal {
    /// No signal.
    #[default]
    None,
    /// There may be work: an event may have been accepted.
    Work,
    /// The host wants the instance to finish. Nothing new is started.
    Drain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_request_prints_no_credential() {
        let request = Request {
            id: 7,
            method: "POST".to_owned(),
            url: "https://user:geheim@hooks.example.com:8443/geheim?token=geheim".to_owned(),
            headers: vec![("Authorization".to_owned(), "Bearer geheim".to_owned())],
            body: Some("geheim".to_owned()),
            timeout_ms: 1_000,
            response_bytes_max: 1_024,
            egress: EgressPolicy::default(),
        };
        let expected = r#"Request { id: 7, method: "POST", url: "https://hooks.example.com:8443/...", .. }"#;
        assert_eq!(format!("{request:?}"), expected);
    }
}
