//! What a registration may say: every field checked once, here.

use crate::api::view;
use crate::config::Config;
use crate::config::url;
use crate::delivery::target;
use crate::ports::Host;
use crate::profile::pattern;
use crate::profile::secret::Secret;
use crate::profile::{Profile, SecretAbsent, Unsigned};
use crate::store::rows::{OnExhausted, Webhook};
use crate::support::error::Error;
use crate::support::json::{self, Json, Reader};
use crate::support::limits;

/// The fields that were given.
#[derive(Clone, Default)]
pub struct Draft {
    name: Option<String>,
    url: Option<String>,
    method: Option<String>,
    events: Option<Vec<String>>,
    pub format: Option<String>,
    pub secret: Option<String>,
    headers: Option<Vec<(String, String)>>,
    active: Option<bool>,
    timeout_ms: Option<u32>,
    schedule_s: Option<Vec<u32>>,
    concurrency: Option<u32>,
    rate_per_minute: Option<u32>,
    keep_bodies: Option<bool>,
    strict_order: Option<bool>,
    on_exhausted: Option<OnExhausted>,
}

/// Reads a new registration: `url` and `events` must be there. One without a name goes by its URL.
pub fn new(config: &Config, text: &str) -> Result<Draft, Error> {
    let draft = change(config, text)?;
    for (field, given) in [("url", draft.url.is_some()), ("events", draft.events.is_some())] {
        if !given {
            let hint =
                if field == "url" { "the receiver's, as `https://example.com/in`" } else { "patterns, as `[\"*\"]`" };
            return Err(Error::invalid(field, "is required").hint(hint));
        }
    }
    Ok(draft)
}

/// Reads the fields of a change.
pub fn change(config: &Config, text: &str) -> Result<Draft, Error> {
    let mut fields = Reader::new("", json::parse(text)?);
    let draft = Draft {
        name: fields.text("name"),
        url: fields.text("url"),
        events: events(config, &mut fields),
        secret: fields.text("secret"),
        method: fields.text("method"),
        headers: headers(&mut fields),
        format: fields.text("format"),
        active: fields.bool("isActive"),
        timeout_ms: timeout_ms(&mut fields),
        schedule_s: schedule_s(&mut fields),
        concurrency: within(&mut fields, "concurrency", 1, limits::LANE_IN_FLIGHT_CEILING as u64),
        rate_per_minute: within(&mut fields, "ratePerMinute", 0, limits::RATE_PER_MINUTE_MAX.into()),
        keep_bodies: fields.bool("keepBodies"),
        strict_order: fields.bool("strictOrder"),
        on_exhausted: on_exhausted(&mut fields),
    };
    fields.finish()?;
    if let Some(url) = &draft.url {
        url::check("url", url, config.plain_http())?;
    }
    if let Some(name) = &draft.name {
        check_name(name)?;
    }
    Ok(draft)
}

/// The secret that a registration ends up with; none: it is unsigned.
pub fn secret(host: &dyn Host, profile: &Profile, given: Option<&str>) -> Result<Option<Secret>, Error> {
    match given {
        Some("") if profile.unsigned == Unsigned::Allow => Ok(None),
        Some("") => Err(Error::invalid("secret", format!("must not be empty: the profile {} signs", profile.name))
            .hint("leave the field out to have a secret made")),
        Some(text) => Secret::parse(profile, text).map(Some),
        None => match profile.secret_absent {
            SecretAbsent::Make => Ok(Some(Secret::generate(profile, &mut |buffer| host.fill(buffer)))),
            SecretAbsent::Unsigned => Ok(None),
            SecretAbsent::Refuse => {
                Err(Error::invalid("secret", "is required").hint("give the one that the receiver knows"))
            }
        },
    }
}

/// Another format must be able to sign with the secrets that are there.
pub fn check_secrets_fit(config: &Config, profile: &Profile, hook: &Webhook, now_ms: u64) -> Result<(), Error> {
    if hook.secrets.is_empty() && profile.unsigned == Unsigned::Refuse {
        return Err(Error::invalid(
            "format",
            format!("the profile {} signs, and the webhook has no secret", profile.name),
        )
        .hint("give a secret in the same call"));
    }
    for secret in hook.secrets.iter().filter(|secret| secret.is_live(now_ms)) {
        let text = config.sealing().open(&target::secret_place(&hook.id), &secret.sealed)?;
        if Secret::parse(profile, &text).is_err() {
            let message = format!("the webhook's secret is none of the profile {}", profile.name);
            return Err(Error::invalid("format", message).hint("give a new secret in the same call"));
        }
    }
    Ok(())
}

/// Writes the fields that were given into a registration, and the profile's defaults where it has none yet.
pub fn apply(
    host: &dyn Host,
    config: &Config,
    draft: Draft,
    profile: &Profile,
    hook: &mut Webhook,
) -> Result<(), Error> {
    let is_new = hook.url.is_empty();
    if let Some(url) = draft.url {
        if !is_new && url != hook.url {
            hook.activated_at_ms = Some(host.now_us() / 1_000);
        }
        hook.url = url;
    }
    if let Some(name) = draft.name {
        hook.name = name;
    } else if is_new {
        hook.name = hook.url.chars().take(limits::WEBHOOK_NAME_CHARS_MAX).collect();
    }
    if let Some(events) = draft.events {
        hook.events = events;
    }
    hook.format.clone_from(&profile.name);
    let default = profile.methods.first().copied().unwrap_or_default().as_str();
    let method = draft.method.as_deref().unwrap_or(if is_new { default } else { &hook.method });
    hook.method = check_method(profile, method)?;
    if let Some(headers) = draft.headers {
        hook.headers = seal_headers(host, config, hook, headers)?;
    }
    // Those that are there already as well: another format has other headers of its own.
    if let Some((name, _)) = hook.headers.iter().find(|(name, _)| profile.reserves_header(name)) {
        return Err(Error::invalid(&format!("headers.{name}"), "is a header that Hookwright sets itself")
            .hint("choose another name"));
    }
    if let Some(active) = draft.active {
        if active && !hook.active {
            hook.activated_at_ms = Some(host.now_us() / 1_000);
        }
        if active != hook.active {
            hook.inactive_reason = None;
        }
        hook.active = active;
    }
    hook.timeout_ms = draft.timeout_ms.unwrap_or(if is_new { profile.timeout_ms } else { hook.timeout_ms });
    if draft.concurrency.is_some() {
        hook.concurrency = draft.concurrency;
    }
    if let Some(rate_per_minute) = draft.rate_per_minute {
        // 0 takes the limit away.
        hook.rate_per_minute = Some(rate_per_minute).filter(|rate| *rate > 0);
    }
    if let Some(keep_bodies) = draft.keep_bodies {
        hook.keep_bodies = (!keep_bodies).then_some(false);
    }
    hook.strict_order = draft.strict_order.unwrap_or(hook.strict_order);
    hook.on_exhausted = draft.on_exhausted.or(hook.on_exhausted);
    if let Some(schedule_s) = draft.schedule_s {
        hook.schedule_s = schedule_s;
    } else if is_new {
        hook.schedule_s.clone_from(&profile.schedule_s);
    }
    Ok(())
}

/// The headers as they are stored. The mask with which a value is shown means the value that is there.
fn seal_headers(
    host: &dyn Host,
    config: &Config,
    hook: &Webhook,
    headers: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Error> {
    let mut sealed = Vec::new();
    for (name, value) in headers {
        let known = hook.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let value = match known.filter(|_| value == view::MASK) {
            Some((_, known)) => known.clone(),
            None if value == view::MASK => {
                let error = Error::invalid(&format!("headers.{name}"), "is the mask with which values are shown");
                return Err(error.hint("give the value itself"));
            }
            None => config.sealing().seal(host, &target::header_place(&hook.id, &name), &value)?,
        };
        sealed.push((name, value));
    }
    Ok(sealed)
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.chars().count() > limits::WEBHOOK_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let hint = format!("1 to {} characters, no control characters", limits::WEBHOOK_NAME_CHARS_MAX);
        return Err(Error::invalid("name", format!("`{}` is no name", json::quoted(name))).hint(hint));
    }
    Ok(())
}

fn check_method(profile: &Profile, text: &str) -> Result<String, Error> {
    let allowed: Vec<&str> = profile.methods.iter().map(|method| method.as_str()).collect();
    if allowed.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid("method", format!("`{}` is not possible", json::quoted(text)))
        .hint(format!("the methods are {}", allowed.join(", "))))
}

fn events(config: &Config, fields: &mut Reader) -> Option<Vec<String>> {
    let items = fields.list("events")?;
    if items.is_empty() || items.len() > limits::PATTERNS_PER_WEBHOOK_MAX {
        let hint = format!("1 to {} patterns; [\"*\"] wants every event", limits::PATTERNS_PER_WEBHOOK_MAX);
        fields.refuse(Error::invalid("events", format!("has {} patterns", items.len())).hint(hint));
        return None;
    }
    let mut patterns: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let field = format!("events[{index}]");
        let Some(text) = item.as_str() else {
            fields.wrong(&field, "a string", item);
            continue;
        };
        let pattern = pattern::parse(config.profile(), text).map_err(|error| error.at(&field));
        if let Some(pattern) = fields.noted(pattern).filter(|pattern| !patterns.contains(pattern)) {
            patterns.push(pattern);
        }
    }
    Some(patterns)
}

fn headers(fields: &mut Reader) -> Option<Vec<(String, String)>> {
    let members = match fields.value("headers")? {
        Json::Object(members) => members,
        // PHP writes an empty object so.
        Json::Array(items) if items.is_empty() => Vec::new(),
        other => {
            fields.wrong("headers", "an object", &other);
            return None;
        }
    };
    if members.len() > limits::HEADERS_PER_WEBHOOK_MAX {
        let message = format!("has {} headers; {} are allowed", members.len(), limits::HEADERS_PER_WEBHOOK_MAX);
        fields.refuse_field("headers", &message);
        return None;
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in members {
        let field = format!("headers.{}", json::quoted(&name));
        if let Err((problem, hint)) = check_header(&headers, &name, &value) {
            let error = Error::invalid(&field, problem);
            fields.refuse(if hint.is_empty() { error } else { error.hint(hint) });
        }
        if let Json::String(text) = value {
            headers.push((name, text));
        }
    }
    Some(headers)
}

/// What is wrong with a custom header, and the mend. The value is never quoted: it may be a secret.
fn check_header(others: &[(String, String)], name: &str, value: &Json) -> Result<(), (&'static str, String)> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > limits::HEADER_NAME_BYTES_MAX || !name.bytes().all(token) {
        let hint = format!("1 to {} letters, digits, - and _", limits::HEADER_NAME_BYTES_MAX);
        return Err(("is no header name", hint));
    }
    if others.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
        return Err(("is there twice", String::new()));
    }
    let Json::String(text) = value else { return Err(("expected a string", String::new())) };
    let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if text.len() > limits::HEADER_VALUE_BYTES_MAX || !visible || text.trim() != text {
        let hint = format!(
            "at most {} ASCII characters, no control characters, no spaces around",
            limits::HEADER_VALUE_BYTES_MAX
        );
        return Err(("has no valid header value", hint));
    }
    Ok(())
}

fn timeout_ms(fields: &mut Reader) -> Option<u32> {
    within(fields, "timeoutMs", limits::TIMEOUT_MS_MIN.into(), limits::TIMEOUT_MS_MAX.into())
}

fn within(fields: &mut Reader, name: &'static str, min: u64, max: u64) -> Option<u32> {
    let number = fields.number(name)?;
    let fits = u32::try_from(number).ok().filter(|_| (min..=max).contains(&number));
    if fits.is_none() {
        fields.refuse(Error::invalid(name, format!("`{number}` is out of range")).hint(format!("{min} to {max}")));
    }
    fits
}

fn on_exhausted(fields: &mut Reader) -> Option<OnExhausted> {
    let text = fields.text("onExhausted")?;
    let found = OnExhausted::ALL.into_iter().find(|choice| choice.as_str() == text);
    if found.is_none() {
        let error = Error::invalid("onExhausted", format!("`{}` is not possible", json::quoted(&text)));
        fields.refuse(error.hint("continue, or pause"));
    }
    found
}

fn schedule_s(fields: &mut Reader) -> Option<Vec<u32>> {
    let items = fields.list("schedule")?;
    if items.len() > limits::SCHEDULE_WAITS_MAX {
        let message = format!("has {} waits; {} are allowed", items.len(), limits::SCHEDULE_WAITS_MAX);
        fields.refuse_field("schedule", &message);
        return None;
    }
    let mut schedule_s = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let number = match item {
            Json::Number(number) => number.text().parse::<u32>().ok(),
            _ => None,
        };
        match number.filter(|&wait_s| wait_s <= limits::SCHEDULE_WAIT_S_MAX) {
            Some(wait_s) => schedule_s.push(wait_s),
            None => {
                let hint = format!("whole seconds, 0 to {}", limits::SCHEDULE_WAIT_S_MAX);
                fields.refuse(Error::invalid(&format!("schedule[{index}]"), "is no wait").hint(hint));
            }
        }
    }
    Some(schedule_s)
}
