//! From a profile's document to a profile: the rules that types cannot express. An error names field, line and column.

use crate::event::pattern::{self, ALL};
use crate::event::{Event, check_type};
use crate::profile::definition::Profile;
use crate::profile::document::{Document, DocumentHeader, DocumentMember, DocumentSignature, DocumentTest, Scheme};
use crate::profile::transport;
use crate::profile::vocabulary::{
    Header, HeaderValue, LetterCase, Member, MemberValue, Sample, SecretAbsent, Signature, Source, TestEvent, Unsigned,
};
use crate::support::error::{Error, ErrorKind};
use crate::support::json::{self, Json, quoted};
use crate::support::limits;
use crate::support::statuses::{StatusEntry, StatusSet};

impl Profile {
    /// Returns the profile that a JSON document describes, in the words of the built-in ones.
    ///
    /// Errors: `invalid`, with the field, the line and the column.
    pub fn parse(text: &str) -> Result<Profile, Error> {
        if text.len() > limits::PROFILE_BYTES_MAX {
            let message = format!("the profile has {} bytes; {} are allowed", text.len(), limits::PROFILE_BYTES_MAX);
            return Err(Error::of(ErrorKind::TooLarge, message));
        }
        let tree = json::parse(text)?;
        json::from_json(tree).and_then(profile).map_err(|error| placed(text, error))
    }
}

/// Returns the error with the line and the column of its field in its message.
fn placed(text: &str, mut error: Error) -> Error {
    let (line, column) = json::place_of(text, error.field.as_deref().unwrap_or_default());
    error.message = format!("line {line}, column {column}: {}", error.message);
    error
}

fn profile(document: Document) -> Result<Profile, Error> {
    check_lengths(&document)?;
    let (timeout_min, timeout_max) = (limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX);
    let profile = Profile {
        name: name(document.name)?,
        letter_case: document.letter_case,
        style: document.style,
        payload: members("payload", document.payload)?,
        headers: headers(document.headers)?,
        user_agent: document.user_agent.map(|text| check_user_agent("userAgent", &text).map(|()| text)).transpose()?,
        accept: document.accept.map(accept).transpose()?,
        signature: signature(document.signature)?,
        secret_absent: document.secret_absent,
        unsigned: document.unsigned,
        schedule_s: numbers("scheduleS", document.schedule_s, 0, limits::SCHEDULE_WAIT_S_MAX)?,
        jitter_percent: number("jitterPercent", document.jitter_percent, 0, 100)?,
        timeout_ms: number("timeoutMs", document.timeout_ms, timeout_min, timeout_max)?,
        success: success(document.success, document.success_statuses)?,
        finals: StatusSet::parse("finalStatuses", &document.final_statuses)?,
        methods: document.methods,
        own_query: document.own_query,
        disable_on: StatusSet::parse("disableOn", &document.disable_on)?,
        retry_after_on: document.retry_after_on.map(|on| StatusSet::parse("retryAfterOn", &on)).transpose()?,
        hidden: document.hidden,
        test: test(document.test)?,
        samples: samples(document.letter_case, document.samples)?,
        events: document.events,
    };
    check_catalogue(&profile)?;
    check_samples(&profile)?;
    check_secrets(&profile)?;
    check_scheme(&profile)?;
    check_statuses(&profile)?;
    Ok(profile)
}

fn check_lengths(document: &Document) -> Result<(), Error> {
    for (field, length, max) in [
        ("events", document.events.len(), limits::PROFILE_EVENTS_MAX),
        ("hidden", document.hidden.len(), limits::PROFILE_HIDDEN_MAX),
        ("scheduleS", document.schedule_s.len(), limits::SCHEDULE_WAITS_MAX),
        ("headers", document.headers.len(), limits::HEADERS_PER_WEBHOOK_MAX),
    ] {
        if length > max {
            return Err(Error::invalid(field, format!("has {length} entries; {max} are allowed")));
        }
    }
    if document.methods.is_empty() {
        return Err(Error::invalid("methods", "is empty").hint("give POST, GET or both"));
    }
    Ok(())
}

fn name(name: String) -> Result<String, Error> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > limits::PROFILE_NAME_BYTES_MAX || !name.bytes().all(fits) {
        let error = Error::invalid("name", format!("`{}` does not name a profile", quoted(&name)));
        return Err(error.hint(format!("use 1 to {} of a to z, 0 to 9 and -", limits::PROFILE_NAME_BYTES_MAX)));
    }
    Ok(name)
}

fn number<N: Into<u32> + Copy>(field: &str, number: N, min: u32, max: u32) -> Result<N, Error> {
    if (min..=max).contains(&number.into()) {
        return Ok(number);
    }
    Err(Error::invalid(field, format!("must be a whole number from {min} to {max}")))
}

fn numbers<N: Into<u32> + Copy>(field: &str, list: Vec<N>, min: u32, max: u32) -> Result<Vec<N>, Error> {
    list.into_iter().enumerate().map(|(index, item)| number(&format!("{field}[{index}]"), item, min, max)).collect()
}

/// Returns the statuses of success: `success` has the first and the last, `successStatuses` any.
fn success(range: Option<Vec<u16>>, statuses: Option<Vec<StatusEntry>>) -> Result<StatusSet, Error> {
    match (range, statuses) {
        (Some(_), Some(_)) => {
            let error = Error::invalid("successStatuses", "cannot be beside `success`");
            Err(error.hint("give one of the two"))
        }
        (None, Some(statuses)) if statuses.is_empty() => {
            let error = Error::invalid("successStatuses", "is empty, so that every response would be a failure");
            Err(error.hint("name the statuses of success, as [\"2xx\"]"))
        }
        (None, Some(statuses)) => StatusSet::parse("successStatuses", &statuses),
        (None, None) => Err(Error::invalid("success", "is required").hint("give it or `successStatuses`")),
        (Some(range), None) => match numbers("success", range, 100, 599)?[..] {
            [first, last] if first <= last => Ok(StatusSet::range(first, last)),
            _ => Err(Error::invalid("success", "must be the first and the last status: [200, 299]")
                .hint("`successStatuses` takes any statuses")),
        },
    }
}

/// Checks that no status both ends a message and is a success.
fn check_statuses(profile: &Profile) -> Result<(), Error> {
    let Some(status) = profile.finals.common(&profile.success) else { return Ok(()) };
    let error = Error::invalid("finalStatuses", format!("`{status}` ends a message, and is a success"));
    Err(error.hint("leave it out of one of the two lists"))
}

fn signature(signature: DocumentSignature) -> Result<Signature, Error> {
    match (signature.scheme, signature.prefix) {
        (Scheme::BodyHex, prefix) => Ok(Signature::BodyHex { prefix: self::prefix(prefix.unwrap_or_default())? }),
        (Scheme::StandardWebhooks, None) => Ok(Signature::StandardWebhooks),
        (Scheme::StandardWebhooks, Some(_)) => {
            let error = Error::invalid("signature.prefix", "does not belong to the scheme `standard-webhooks`");
            Err(error.hint("leave it out"))
        }
    }
}

/// Checks the prefix of a signature. It becomes part of a header's value.
fn prefix(prefix: String) -> Result<String, Error> {
    if prefix.len() > limits::HEADER_NAME_BYTES_MAX || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("must be at most {} visible ASCII characters", limits::HEADER_NAME_BYTES_MAX);
        return Err(Error::invalid("signature.prefix", message));
    }
    Ok(prefix)
}

/// Checks the `User-Agent` that a profile or the host names. It becomes the value of a header.
pub(crate) fn check_user_agent(field: &str, text: &str) -> Result<(), Error> {
    let max = limits::USER_AGENT_BYTES_MAX;
    if is_header_text(text, max) && !text.is_empty() {
        return Ok(());
    }
    let error = Error::invalid(field, format!("`{}` cannot be a User-Agent", quoted(text)));
    Err(error.hint(format!("use 1 to {max} visible ASCII characters, with single spaces between them: `Shop/1.0`")))
}

/// Checks the `Accept` that a profile names.
fn accept(text: String) -> Result<String, Error> {
    let max = limits::ACCEPT_BYTES_MAX;
    if is_header_text(&text, max) {
        return Ok(text);
    }
    let error = Error::invalid("accept", format!("`{}` cannot be the value of Accept", quoted(&text)));
    Err(error
        .hint(format!("use at most {max} visible ASCII characters, for example `application/json`; `` sends none")))
}

/// Returns true if the text has only visible ASCII characters, and single spaces between them.
fn is_header_text(text: &str, bytes_max: usize) -> bool {
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    text.len() <= bytes_max && !spaced && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

fn headers(list: Vec<DocumentHeader>) -> Result<Vec<Header>, Error> {
    let mut headers: Vec<Header> = Vec::new();
    for (index, DocumentHeader { name, value, signed_only }) in list.into_iter().enumerate() {
        let field = format!("headers[{index}].name");
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name || name.is_empty() || name.len() > limits::HEADER_NAME_BYTES_MAX {
            return Err(Error::invalid(&field, format!("`{}` does not name a header", quoted(&name))));
        }
        let is_it = |other: &str| other.eq_ignore_ascii_case(&name);
        if transport::reserved(&name).is_some() {
            let error = Error::invalid(&field, format!("`{name}` is set by Hookwright or by the transport"));
            return Err(error.hint("choose another name"));
        }
        if headers.iter().any(|other| is_it(&other.name)) {
            return Err(Error::invalid(&field, format!("`{name}` is there twice")));
        }
        headers.push(Header { name, value, signed_only: signed_only || value == HeaderValue::Signature });
    }
    Ok(headers)
}

fn members(field: &str, list: Vec<DocumentMember>) -> Result<Vec<Member>, Error> {
    if list.len() > limits::PROFILE_MEMBERS_MAX {
        let message = format!("has {} members; {} are allowed", list.len(), limits::PROFILE_MEMBERS_MAX);
        return Err(Error::invalid(field, message));
    }
    let mut members: Vec<Member> = Vec::new();
    for (index, member) in list.into_iter().enumerate() {
        let field = format!("{field}[{index}]");
        let name = member.name.clone();
        if name.is_empty() {
            return Err(Error::invalid(&format!("{field}.name"), "is empty"));
        }
        if members.iter().any(|other| other.name == name) {
            return Err(Error::invalid(&format!("{field}.name"), format!("`{}` is there twice", quoted(&name))));
        }
        members.push(Member { name, value: member_value(&field, member)? });
    }
    Ok(members)
}

fn member_value(field: &str, member: DocumentMember) -> Result<MemberValue, Error> {
    match (member.from, member.otherwise, member.constant, member.members) {
        (Some(from), otherwise, None, None) => Ok(MemberValue::First(sources(field, &from)?, otherwise)),
        (None, None, Some(constant), None) => Ok(MemberValue::First(Vec::new(), Some(constant))),
        (None, None, None, Some(inner)) => Ok(MemberValue::Members(members(&format!("{field}.members"), inner)?)),
        _ => {
            let error = Error::invalid(field, "says where its value comes from either not at all or twice");
            Err(error.hint("give one of `from` (with or without `else`), `constant` and `members`"))
        }
    }
}

fn sources(field: &str, names: &[String]) -> Result<Vec<Source>, Error> {
    let source = |(index, name): (usize, &String)| {
        Source::parse(name).ok_or_else(|| {
            let error = Error::invalid(&format!("{field}.from[{index}]"), format!("`{}` is unknown", quoted(name)));
            error.hint(format!("the words are {}", Source::NAMES))
        })
    };
    names.iter().enumerate().map(source).collect()
}

fn test(test: DocumentTest) -> Result<TestEvent, Error> {
    check_type(&test.event_type).map_err(|error| error.at("test.type"))?;
    Ok(TestEvent {
        event_type: test.event_type,
        data: test.data,
        payload: test.payload.map(|list| members("test.payload", list)).transpose()?,
    })
}

/// Reads the examples: an object of event types and patterns, each with the fields of an event.
fn samples(letter_case: LetterCase, document: Option<Json>) -> Result<Vec<Sample>, Error> {
    let members = match document {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Object(members)) => members,
        Some(other) => {
            return Err(Error::invalid("samples", format!("expected an object, not {}", other.kind())));
        }
    };
    if members.len() > limits::PROFILE_EVENTS_MAX {
        let message = format!("has {} entries; {} are allowed", members.len(), limits::PROFILE_EVENTS_MAX);
        return Err(Error::invalid("samples", message));
    }
    let sample = |(pattern, mut json): (String, Json)| {
        let field = format!("samples.{}", quoted(&pattern));
        let pattern = letter_case.fold(&pattern);
        let fixed = pattern.strip_suffix(".*").unwrap_or(&pattern);
        if pattern != ALL {
            check_type(fixed).map_err(|error| error.at(&field))?;
        }
        if let Json::Object(fields) = &mut json {
            if let Some((name, _)) = fields.iter().find(|(name, _)| !Event::MODEL_FIELDS.contains(&name.as_str())) {
                let error = Error::invalid(&format!("{field}.{}", quoted(name)), "is no field of a sample");
                return Err(error.hint(format!("the fields are {}", Event::MODEL_FIELDS.join(", "))));
            }
            fields.push(("type".to_owned(), Json::text(if pattern == ALL { "sample" } else { fixed })));
        }
        let event = Event::of_json(json).map_err(|error| error.within(&field))?;
        Ok(Sample { pattern, event })
    };
    members.into_iter().map(sample).collect()
}

fn check_catalogue(profile: &Profile) -> Result<(), Error> {
    for (index, event_type) in profile.events.iter().enumerate() {
        let field = format!("events[{index}]");
        check_type(event_type).map_err(|error| error.at(&field))?;
        if profile.letter_case.fold(event_type) != *event_type {
            let error = Error::invalid(&field, format!("`{event_type}` is not in upper case"));
            return Err(error.hint("write it in upper case, or make `letterCase` `exact`"));
        }
        if profile.events[..index].contains(event_type) {
            return Err(Error::invalid(&field, format!("`{event_type}` is there twice")));
        }
    }
    Ok(())
}

fn check_samples(profile: &Profile) -> Result<(), Error> {
    for sample in &profile.samples {
        let matches = |known: &String| pattern::matches(&sample.pattern, known);
        if !profile.events.is_empty() && !profile.events.iter().any(matches) {
            let field = format!("samples.{}", quoted(&sample.pattern));
            let error = Error::invalid(&field, "matches no event type of the catalogue");
            return Err(error.hint("write an event type of `events`, or a pattern that matches some"));
        }
    }
    Ok(())
}

fn check_secrets(profile: &Profile) -> Result<(), Error> {
    if profile.secret_absent == SecretAbsent::Unsigned && profile.unsigned == Unsigned::Refuse {
        let error = Error::invalid("secretAbsent", "cannot be `unsigned` where `unsigned` is `refuse`");
        return Err(error.hint("make `secretAbsent` `make` or `refuse`"));
    }
    Ok(())
}

/// Checks that the signature has exactly one header, and that the scheme's other inputs have theirs.
fn check_scheme(profile: &Profile) -> Result<(), Error> {
    let count = |value| profile.headers.iter().filter(|header| header.value == value).count();
    let signatures = count(HeaderValue::Signature);
    if signatures != 1 {
        let message = format!("has {signatures} headers with the value `signature`; there must be one");
        return Err(Error::invalid("headers", message).hint("a webhook without a secret is sent without it"));
    }
    if profile.signature != Signature::StandardWebhooks {
        return Ok(());
    }
    for (value, name) in [(HeaderValue::MessageId, "message-id"), (HeaderValue::AttemptSeconds, "attempt.unix-seconds")]
    {
        if count(value) == 0 {
            let message = format!("has no header with the value `{name}`, which the signature covers");
            return Err(Error::invalid("headers", message));
        }
    }
    Ok(())
}
