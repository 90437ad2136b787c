//! The custom headers of a registration: checks them, and seals their values. No error quotes a value, which may be a secret.

use crate::api::view::MASK;
use crate::config::Config;
use crate::delivery::target;
use crate::ports::Host;
use crate::profile::Profile;
use crate::store::rows::Webhook;
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits::{HEADER_NAME_BYTES_MAX, HEADER_VALUE_BYTES_MAX, HEADERS_PER_WEBHOOK_MAX};

/// Checks the names and values of custom headers.
pub(super) fn check(headers: &[(String, String)]) -> Result<(), Error> {
    if headers.len() > HEADERS_PER_WEBHOOK_MAX {
        let message = format!("has {} headers; {HEADERS_PER_WEBHOOK_MAX} are allowed", headers.len());
        return Err(Error::invalid("headers", message));
    }
    for (index, (name, value)) in headers.iter().enumerate() {
        let invalid = |problem: &str| Error::invalid(&format!("headers.{}", json::quoted(name)), problem);
        if !is_name(name) {
            let hint = format!("1 to {HEADER_NAME_BYTES_MAX} letters, digits, - and _");
            return Err(invalid("is no header name").hint(hint));
        }
        if headers[..index].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(invalid("is there twice"));
        }
        let is_visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if value.len() > HEADER_VALUE_BYTES_MAX || !is_visible || value.trim() != value {
            let hint =
                format!("at most {HEADER_VALUE_BYTES_MAX} ASCII characters, no control characters, no spaces around");
            return Err(invalid("has no valid header value").hint(hint));
        }
    }
    Ok(())
}

/// Returns an error if the webhook has a header that its format sets itself. A change of format may cause that.
pub(super) fn check_reserved(profile: &Profile, webhook: &Webhook) -> Result<(), Error> {
    match webhook.headers.iter().find(|(name, _)| profile.reserves_header(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid(&format!("headers.{name}"), "is a header that Hookwright sets itself")
            .hint("choose another name")),
    }
}

/// Returns the headers with sealed values. The mask with which a value is shown stands for the stored value.
pub(super) fn seal(
    host: &dyn Host,
    config: &Config,
    webhook: &Webhook,
    headers: &[(String, String)],
) -> Result<Vec<(String, String)>, Error> {
    let mut sealed = Vec::new();
    for (name, value) in headers {
        let value = if value == MASK {
            let known = webhook.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let masked = || {
                Error::invalid(&format!("headers.{name}"), "is the mask with which values are shown")
                    .hint("give the value itself")
            };
            known.map(|(_, sealed)| sealed.clone()).ok_or_else(masked)?
        } else {
            config.sealing().seal(host, &target::header_place(&webhook.id, name), value)?
        };
        sealed.push((name.clone(), value));
    }
    Ok(sealed)
}

/// Returns true if the text is a token of RFC 9110.
fn is_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=HEADER_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_token)
}
