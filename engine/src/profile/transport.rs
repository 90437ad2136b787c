//! The headers that no webhook and no profile may set freely, each with the reason. Some of them change nothing with
//! the value that is sent or true anyway; a webhook that has such a header is registered without it.

use crate::profile::request::USER_AGENT;
use crate::support::error::Error;

/// A reserved header.
pub(crate) struct Reserved {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Why it cannot be set, after the name of the header.
    pub reason: &'static str,
    /// The remedy.
    pub hint: &'static str,
}

const LEAVE_OUT: &str = "leave it out";

/// Every reserved header.
const RESERVED: [Reserved; 15] = [
    Reserved {
        name: "accept-encoding",
        reason: "lists the encodings that the HTTP client decodes, and the client states them itself",
        hint: "leave it out; responses are decoded before they are read",
    },
    Reserved {
        name: "connection",
        reason: "is about one connection, and the HTTP client decides how long it keeps connections",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "content-encoding",
        reason: "says how the body is encoded, and bodies are sent as they are",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "content-length",
        reason: "is the number of bytes of each body, which the HTTP client counts",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "content-type",
        reason: "must name a JSON type in UTF-8, because the body is JSON in UTF-8",
        hint: "give `application/json`, with or without `charset=utf-8`, or a type that ends in `+json`",
    },
    Reserved {
        name: "expect",
        reason: "asks the receiver for an interim response, for which the HTTP client does not wait",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "host",
        reason: "is the host of the URL, and with a different one the receiver would serve a different site",
        hint: "put the host into `url`",
    },
    Reserved {
        name: "keep-alive",
        reason: "is about one connection, and the HTTP client decides how long it keeps connections",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "proxy-authenticate",
        reason: "belongs to responses of proxies, not to requests",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "proxy-authorization",
        reason: "is for a proxy, and would show the proxy's password to the receiver",
        hint: "the platform configures the proxy; for the receiver use `Authorization`",
    },
    Reserved {
        name: "te",
        reason: "is about one connection: it asks for transfer codings and trailers, and the HTTP client reads none",
        hint: LEAVE_OUT,
    },
    Reserved { name: "trailer", reason: "announces fields after the body, and no request has any", hint: LEAVE_OUT },
    Reserved {
        name: "transfer-encoding",
        reason: "says how the body is framed on the connection, which the HTTP client decides",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "upgrade",
        reason: "asks to change the connection's protocol, and deliveries are ordinary HTTP requests",
        hint: LEAVE_OUT,
    },
    Reserved {
        name: "user-agent",
        reason: "names the sender, which is the platform for all its webhooks",
        hint: "leave it out, or use a header of your own, as `X-Sent-By`",
    },
];

/// Returns the reserved header of this name, in any letter case.
pub(crate) fn reserved(name: &str) -> Option<&'static Reserved> {
    RESERVED.iter().find(|reserved| reserved.name.eq_ignore_ascii_case(name))
}

impl Reserved {
    /// Returns the error of a registration that has this header, named as it was given.
    pub(crate) fn refusal(&self, name: &str) -> Error {
        Error::invalid(&format!("headers.{name}"), self.reason).hint(self.hint)
    }

    /// Returns true if this value is what a request to the URL has or means without the header. `authority` is the URL's,
    /// and `user_agent` the one that is sent.
    pub(crate) fn changes_nothing(&self, value: &str, plain: bool, authority: &str, user_agent: Option<&str>) -> bool {
        let is = |wanted: &str| value.eq_ignore_ascii_case(wanted);
        match self.name {
            "accept-encoding" => value.split(',').all(is_decoded),
            "connection" => is("keep-alive"),
            "content-encoding" => is("identity"),
            "content-type" => is("application/json"),
            // `Expect:` and `TE:` without a value are how curl's users switch these headers off.
            "expect" | "te" => value.is_empty(),
            "host" => {
                let default = if plain { ":80" } else { ":443" };
                let bare = |text: &str| text.to_ascii_lowercase().trim_end_matches(default).to_owned();
                bare(value) == bare(authority)
            }
            "user-agent" => value == user_agent.unwrap_or(USER_AGENT),
            _ => false,
        }
    }

    /// Returns true if a webhook may have this value: only `Content-Type` has such values.
    pub(crate) fn allows(&self, value: &str) -> bool {
        self.name == "content-type" && is_json_in_utf8(value)
    }
}

/// Returns true for a coding of `Accept-Encoding` that does not change what is read of a response.
fn is_decoded(coding: &str) -> bool {
    let name = coding.split(';').next().unwrap_or_default().trim();
    ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "identity", "*"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns true for a media type whose bytes are JSON in UTF-8: `application/json; charset=utf-8`, `text/json`,
/// `application/vnd.example+json`.
fn is_json_in_utf8(value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let Some((kind, subtype)) = media_type.split_once('/') else { return false };
    let is_json = matches!(kind, "application" | "text") && (subtype == "json" || subtype.ends_with("+json"));
    is_json
        && is_token(subtype)
        && parts.filter(|part| !part.is_empty()).all(|part| {
            let Some((name, value)) = part.split_once('=') else { return false };
            let value = value.trim_matches('"');
            match name.to_ascii_lowercase().as_str() {
                "charset" => value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8"),
                name => is_token(name) && !value.contains('"'),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> &'static str {
        let reserved = reserved(name).expect(name);
        match value {
            _ if reserved.changes_nothing(value, false, "hooks.example.com", None) => "left out",
            _ if reserved.allows(value) => "kept",
            _ => "refused",
        }
    }

    #[test]
    fn a_reserved_header_is_left_out_kept_or_refused_by_its_value() {
        for (name, value, expected) in [
            ("Content-Type", "application/json", "left out"),
            ("content-type", "Application/JSON", "left out"),
            ("Content-Type", "application/json; charset=utf-8", "kept"),
            ("Content-Type", "application/json;charset=\"UTF-8\"", "kept"),
            ("Content-Type", "text/json", "kept"),
            ("Content-Type", "application/vnd.api+json", "kept"),
            ("Content-Type", "application/json; charset=latin1", "refused"),
            ("Content-Type", "application/x-www-form-urlencoded", "refused"),
            ("Content-Type", "json", "refused"),
            ("Content-Type", "", "refused"),
            ("Accept-Encoding", "gzip, deflate;q=0.5, br", "left out"),
            ("Accept-Encoding", "identity", "left out"),
            ("Accept-Encoding", "x-own", "refused"),
            ("Connection", "Keep-Alive", "left out"),
            ("Connection", "close", "refused"),
            ("Content-Encoding", "identity", "left out"),
            ("Content-Encoding", "gzip", "refused"),
            ("Content-Length", "0", "refused"),
            ("Expect", "", "left out"),
            ("Expect", "100-continue", "refused"),
            ("Host", "Hooks.Example.com:443", "left out"),
            ("Host", "other.example.com", "refused"),
            ("Keep-Alive", "timeout=5", "refused"),
            ("Proxy-Authorization", "Basic eA==", "refused"),
            ("TE", "trailers", "refused"),
            ("Trailer", "X", "refused"),
            ("Transfer-Encoding", "chunked", "refused"),
            ("Upgrade", "h2c", "refused"),
            ("User-Agent", USER_AGENT, "left out"),
            ("User-Agent", "curl/8", "refused"),
        ] {
            assert_eq!(check(name, value), expected, "{name}: {value}");
        }
        assert!(reserved("X-Content-Type").is_none());
    }
}
