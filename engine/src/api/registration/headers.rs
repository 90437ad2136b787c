//! The custom headers of a registration: checks them, and seals their values. No error quotes a value, which may be a secret.

use super::draft::{Draft, Headers};
use crate::api::view::MASK;
use crate::config::{Config, url};
use crate::delivery::target;
use crate::ports::Host;
use crate::profile::{Profile, transport};
use crate::store::rows::Webhook;
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits::{HEADER_NAME_BYTES_MAX, HEADER_VALUE_BYTES_MAX, HEADERS_PER_WEBHOOK_MAX};

/// The header that user and password of a URL become.
const AUTHORIZATION: &str = "Authorization";

/// Checks the names and values of custom headers, which have no white space around them any more.
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
        if value.len() > HEADER_VALUE_BYTES_MAX || !is_visible {
            let hint = format!("at most {HEADER_VALUE_BYTES_MAX} ASCII characters, no control characters");
            return Err(invalid("has no valid header value").hint(hint));
        }
    }
    Ok(())
}

/// Writes the headers that were given, and the one that the URL's user and password make. The webhook has its new URL
/// already.
pub(super) fn apply(
    host: &dyn Host,
    config: &Config,
    profile: &Profile,
    draft: &Draft,
    webhook: &mut Webhook,
) -> Result<(), Error> {
    if let Some(Headers(headers)) = &draft.headers {
        webhook.headers = seal(host, config, webhook, &settled(profile, &webhook.url, headers)?)?;
    }
    if let Some(value) = &draft.authorization {
        authorize(host, config, draft, value, webhook)?;
    }
    // A change of format may reserve a header that the webhook has.
    match webhook.headers.iter().find(|(name, _)| profile.sets_header(name)) {
        None => Ok(()),
        Some((name, _)) => Err(set_by_format(profile, name)),
    }
}

fn set_by_format(profile: &Profile, name: &str) -> Error {
    let error = Error::invalid(&format!("headers.{name}"), format!("is set by the format {} itself", profile.name));
    error.hint("choose another name")
}

/// Returns the headers without those that change nothing.
fn settled(profile: &Profile, url: &str, headers: &[(String, String)]) -> Result<Vec<(String, String)>, Error> {
    let mut kept = Vec::new();
    for (name, value) in headers {
        if profile.sets_header(name) {
            return Err(set_by_format(profile, name));
        }
        match transport::reserved(name) {
            Some(reserved)
                if reserved.changes_nothing(
                    value,
                    url::is_plain(url),
                    url::authority(url),
                    profile.user_agent.as_deref(),
                ) => {}
            // The mask stands for a value that was accepted when it was given.
            Some(reserved) if !reserved.allows(value) && value != MASK => return Err(reserved.refusal(name)),
            _ => kept.push((name.clone(), value.clone())),
        }
    }
    Ok(kept)
}

/// Writes the header of the URL's user and password, in place of that of an earlier URL.
fn authorize(host: &dyn Host, config: &Config, draft: &Draft, value: &str, webhook: &mut Webhook) -> Result<(), Error> {
    let is_it = |(name, _): &(String, String)| name.eq_ignore_ascii_case(AUTHORIZATION);
    let both = |message: &str| {
        let hint = "give either user and password in the URL, or the header `Authorization`";
        Err(Error::invalid("url", message).hint(hint))
    };
    if draft.headers.as_ref().is_some_and(|Headers(given)| given.iter().any(is_it)) {
        return both("has a user and a password, and `headers` has `Authorization` as well");
    }
    if let Some((name, sealed)) = webhook.headers.iter().find(|header| is_it(header)) {
        let stored = config.sealing().open(&target::header_place(&webhook.id, name), sealed)?;
        if !stored.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")) {
            return both("has a user and a password, and the webhook has another `Authorization` among its headers");
        }
    }
    webhook.headers.retain(|header| !is_it(header));
    if webhook.headers.len() >= HEADERS_PER_WEBHOOK_MAX {
        let message = format!("has a user and a password, which need a header; {HEADERS_PER_WEBHOOK_MAX} are there");
        return Err(Error::invalid("url", message).hint("remove a header"));
    }
    if value.len() > HEADER_VALUE_BYTES_MAX {
        let message = format!("has a user and a password of more than {HEADER_VALUE_BYTES_MAX} bytes as a header");
        return Err(Error::invalid("url", message));
    }
    let sealed = config.sealing().seal(host, &target::header_place(&webhook.id, AUTHORIZATION), value)?;
    webhook.headers.push((AUTHORIZATION.to_owned(), sealed));
    Ok(())
}

/// Returns the headers with sealed values. The mask with which a value is shown stands for the stored value.
fn seal(
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
