//! Reading a profile's file: closed vocabulary, every word checked, unknown ones refused, the line named.

use super::{Header, HeaderValue, LetterCase, Method, Profile, RESERVED, SecretAbsent, Signature, TestEvent, Unsigned};
use crate::event::check_type;
use crate::profile::payload::{Member, MemberValue, Source};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Reader, Style, quoted};
use crate::support::limits;

const STYLES: [(&str, Style); 3] =
    [("compact", Style::Compact), ("php", Style::Php), ("python-indent-2", Style::PythonIndent2)];
const HEADER_VALUES: [(&str, HeaderValue); 4] = [
    ("type", HeaderValue::Type),
    ("message-id", HeaderValue::MessageId),
    ("attempt.unix-seconds", HeaderValue::AttemptSeconds),
    ("signature", HeaderValue::Signature),
];

pub(super) fn profile(text: &str) -> Result<Profile, Error> {
    if text.len() > limits::PROFILE_BYTES_MAX {
        let message = format!("the profile has {} bytes; {} are allowed", text.len(), limits::PROFILE_BYTES_MAX);
        return Err(Error::of(ErrorKind::TooLarge, message));
    }
    let mut fields = Reader::new("", json::parse(text)?);
    let profile = read(&mut fields);
    check(&mut fields, &profile);
    fields.finish().map_err(|mut error| {
        if let Some(field) = &error.field {
            error.message = format!("line {}: {}", json::line_of(text, field), error.message);
        }
        error
    })?;
    Ok(profile)
}

fn read(fields: &mut Reader) -> Profile {
    Profile {
        name: required_text(fields, "name"),
        events: texts(fields, "events"),
        letter_case: word(fields, "letterCase", &[("exact", LetterCase::Exact), ("upper", LetterCase::Upper)]),
        style: word(fields, "style", &STYLES),
        payload: required_list(fields, "payload", |fields, items| members(fields, "payload", items)),
        headers: headers(fields),
        signature: signature(fields),
        secret_absent: word(
            fields,
            "secretAbsent",
            &[("make", SecretAbsent::Make), ("unsigned", SecretAbsent::Unsigned), ("refuse", SecretAbsent::Refuse)],
        ),
        unsigned: word(fields, "unsigned", &[("allow", Unsigned::Allow), ("refuse", Unsigned::Refuse)]),
        schedule_s: required_list(fields, "scheduleS", |fields, items| {
            numbers(fields, "scheduleS", &items, 0, limits::SCHEDULE_WAIT_S_MAX)
        }),
        jitter_percent: bounded(fields, "jitterPercent", 0, 100),
        timeout_ms: bounded(fields, "timeoutMs", limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX),
        success: success(fields),
        methods: methods(fields),
        disable_on: statuses(fields, "disableOn"),
        retry_after_on: statuses(fields, "retryAfterOn"),
        hidden: texts(fields, "hidden"),
        test: test(fields),
    }
}

/// What no field can know by itself.
fn check(fields: &mut Reader, profile: &Profile) {
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !profile.name.bytes().all(named) || profile.name.len() > limits::PROFILE_NAME_BYTES_MAX {
        let error = Error::invalid("name", format!("`{}` names no profile", quoted(&profile.name)));
        fields.refuse(error.hint(format!("1 to {} of a to z, 0 to 9 and -", limits::PROFILE_NAME_BYTES_MAX)));
    }
    let lengths = [
        ("events", profile.events.len(), limits::PROFILE_EVENTS_MAX),
        ("hidden", profile.hidden.len(), limits::PROFILE_HIDDEN_MAX),
        ("scheduleS", profile.schedule_s.len(), limits::SCHEDULE_WAITS_MAX),
        ("headers", profile.headers.len(), limits::HEADERS_PER_WEBHOOK_MAX),
    ];
    for (name, length, max) in lengths {
        if length > max {
            return fields.refuse_field(name, &format!("has {length} entries; {max} are allowed"));
        }
    }
    for (index, event_type) in profile.events.iter().enumerate() {
        let path = format!("events[{index}]");
        fields.noted(check_type(event_type).map_err(|error| error.at(&path)));
        if profile.letter_case.fold(event_type) != *event_type {
            fields.refuse_field(&path, &format!("`{event_type}` breaks the letter case"));
        }
        if profile.events[..index].contains(event_type) {
            fields.refuse_field(&path, &format!("`{event_type}` is there twice"));
        }
    }
    if profile.secret_absent == SecretAbsent::Unsigned && profile.unsigned == Unsigned::Refuse {
        let error = Error::invalid("secretAbsent", "cannot be `unsigned` where `unsigned` is `refuse`");
        fields.refuse(error.hint("make `secretAbsent` `make` or `refuse`"));
    }
    check_headers(fields, profile);
}

/// A signature has one place, and the scheme what it signs.
fn check_headers(fields: &mut Reader, profile: &Profile) {
    for (index, header) in profile.headers.iter().enumerate() {
        let path = format!("headers[{index}].name");
        let is_it = |other: &str| other.eq_ignore_ascii_case(&header.name);
        if RESERVED.into_iter().any(is_it) {
            let error = Error::invalid(&path, format!("`{}` is set by Hookwright or by the transport", header.name));
            fields.refuse(error.hint("choose another name"));
        }
        if profile.headers[..index].iter().any(|other| is_it(&other.name)) {
            fields.refuse_field(&path, &format!("`{}` is there twice", header.name));
        }
    }
    let count = |value| profile.headers.iter().filter(|header| header.value == value).count();
    if count(HeaderValue::Signature) != 1 {
        let message =
            format!("has {} headers with the value `signature`; there must be one", count(HeaderValue::Signature));
        fields.refuse(Error::invalid("headers", message).hint("a webhook without a secret is sent without it"));
    }
    if profile.signature == Signature::StandardWebhooks {
        for (value, name) in
            [(HeaderValue::MessageId, "message-id"), (HeaderValue::AttemptSeconds, "attempt.unix-seconds")]
        {
            if count(value) == 0 {
                let message = format!("has no header with the value `{name}`, which the signature covers");
                fields.refuse_field("headers", &message);
            }
        }
    }
}

fn required_text(fields: &mut Reader, name: &'static str) -> String {
    let text = fields.text(name).unwrap_or_default();
    if text.is_empty() {
        fields.refuse_field(name, "is required");
    }
    text
}

fn required_list<T: Default>(
    fields: &mut Reader,
    name: &'static str,
    read: impl FnOnce(&mut Reader, Vec<Json>) -> T,
) -> T {
    match fields.list(name) {
        Some(items) => read(fields, items),
        None => {
            fields.refuse_field(name, "is required");
            T::default()
        }
    }
}

/// A list of texts; none if the field is absent.
fn texts(fields: &mut Reader, name: &'static str) -> Vec<String> {
    let mut texts = Vec::new();
    for (index, item) in fields.list(name).unwrap_or_default().into_iter().enumerate() {
        match item {
            Json::String(text) => texts.push(text),
            other => fields.wrong(&format!("{name}[{index}]"), "a string", &other),
        }
    }
    texts
}

/// One of some words; the first while there is a problem.
fn word<T: Copy>(fields: &mut Reader, name: &'static str, words: &[(&str, T)]) -> T {
    let place = one_of(fields, name, &mut words.iter().map(|(word, _)| *word));
    words[place].1
}

/// Its place among them.
fn one_of(fields: &mut Reader, name: &'static str, words: &mut dyn Iterator<Item = &str>) -> usize {
    let text = required_text(fields, name);
    let mut known = Vec::new();
    for (place, word) in words.enumerate() {
        if word == text {
            return place;
        }
        known.push(word);
    }
    unknown(fields, name, &text, &known.join(", "));
    0
}

fn unknown(fields: &mut Reader, name: &str, text: &str, known: &str) {
    let error = Error::invalid(&fields.path(name), format!("`{}` is unknown", quoted(text)));
    fields.refuse(error.hint(format!("the words are {known}")));
}

fn number(fields: &mut Reader, path: &str, json: &Json, min: u32, max: u32) -> u32 {
    let number = match json {
        Json::Number(number) => number.text().parse().ok(),
        _ => None,
    };
    number.filter(|number| (min..=max).contains(number)).unwrap_or_else(|| {
        fields.refuse_field(path, &format!("must be a whole number from {min} to {max}"));
        min
    })
}

fn numbers(fields: &mut Reader, name: &str, items: &[Json], min: u32, max: u32) -> Vec<u32> {
    let item = |(index, item): (usize, &Json)| number(fields, &format!("{name}[{index}]"), item, min, max);
    items.iter().enumerate().map(item).collect()
}

fn bounded(fields: &mut Reader, name: &'static str, min: u32, max: u32) -> u32 {
    match fields.required(name) {
        Some(json) => number(fields, name, &json, min, max),
        None => min,
    }
}

fn statuses(fields: &mut Reader, name: &'static str) -> Vec<u16> {
    let items = fields.list(name).unwrap_or_default();
    numbers(fields, name, &items, 100, 599)
        .into_iter()
        .map(|status| u16::try_from(status).unwrap_or(u16::MAX))
        .collect()
}

fn success(fields: &mut Reader) -> (u16, u16) {
    match statuses(fields, "success").as_slice() {
        [first, last] if first <= last => (*first, *last),
        _ => {
            fields.refuse_field("success", "must be the first and the last status: [200, 299]");
            (0, 0)
        }
    }
}

fn methods(fields: &mut Reader) -> Vec<Method> {
    let names = texts(fields, "methods");
    let mut methods = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match Method::parse(name) {
            Some(method) => methods.push(method),
            None => unknown(fields, &format!("methods[{index}]"), name, "POST, GET"),
        }
    }
    if methods.is_empty() {
        fields.refuse_field("methods", "is required");
    }
    methods
}

fn signature(fields: &mut Reader) -> Signature {
    let Some(json) = fields.required("signature") else { return Signature::StandardWebhooks };
    let mut inner = Reader::new("signature", json);
    let scheme = required_text(&mut inner, "scheme");
    let signature = match scheme.as_str() {
        "body-hex" => Signature::BodyHex { prefix: prefix(&mut inner) },
        "standard-webhooks" => Signature::StandardWebhooks,
        other => {
            unknown(&mut inner, "scheme", other, "body-hex, standard-webhooks");
            Signature::StandardWebhooks
        }
    };
    fields.noted(inner.finish());
    signature
}

/// It becomes part of a header's value.
fn prefix(fields: &mut Reader) -> String {
    let prefix = fields.text("prefix").unwrap_or_default();
    if prefix.len() > limits::HEADER_NAME_BYTES_MAX || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("must be at most {} visible ASCII characters", limits::HEADER_NAME_BYTES_MAX);
        fields.refuse_field("prefix", &message);
    }
    prefix
}

fn headers(fields: &mut Reader) -> Vec<Header> {
    let mut headers = Vec::new();
    for (index, item) in fields.list("headers").unwrap_or_default().into_iter().enumerate() {
        let mut inner = Reader::new(&format!("headers[{index}]"), item);
        let name = required_text(&mut inner, "name");
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name || name.len() > limits::HEADER_NAME_BYTES_MAX {
            inner.refuse_field("name", &format!("`{}` is no header's name", quoted(&name)));
        }
        let value = word(&mut inner, "value", &HEADER_VALUES);
        let signed_only = inner.bool("signedOnly").unwrap_or(false) || value == HeaderValue::Signature;
        fields.noted(inner.finish());
        headers.push(Header { name, value, signed_only });
    }
    headers
}

fn members(fields: &mut Reader, path: &str, items: Vec<Json>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    if items.len() > limits::PROFILE_MEMBERS_MAX {
        let message = format!("has {} members; {} are allowed", items.len(), limits::PROFILE_MEMBERS_MAX);
        fields.refuse(Error::invalid(path, message));
        return members;
    }
    for (index, item) in items.into_iter().enumerate() {
        let path = format!("{path}[{index}]");
        let mut inner = Reader::new(&path, item);
        let name = required_text(&mut inner, "name");
        if members.iter().any(|member| member.name == name) {
            inner.refuse_field("name", &format!("`{}` is there twice", quoted(&name)));
        }
        let value = member_value(&path, &mut inner);
        fields.noted(inner.finish());
        members.push(Member { name, value });
    }
    members
}

/// `from` with or without `else`, or `constant`, or `members`.
fn member_value(path: &str, fields: &mut Reader) -> MemberValue {
    let (from, otherwise) = (fields.list("from"), fields.raw("else"));
    let (constant, inner) = (fields.raw("constant"), fields.list("members"));
    match (from, otherwise, constant, inner) {
        (Some(from), otherwise, None, None) => MemberValue::First(sources(fields, &from), otherwise),
        (None, None, Some(constant), None) => MemberValue::First(Vec::new(), Some(constant)),
        (None, None, None, Some(inner)) => MemberValue::Members(members(fields, &format!("{path}.members"), inner)),
        _ => {
            let error = Error::invalid(path, "says where its value comes from either not at all or twice");
            fields.refuse(error.hint("give one of `from` (with or without `else`), `constant` and `members`"));
            MemberValue::Members(Vec::new())
        }
    }
}

fn sources(fields: &mut Reader, names: &[Json]) -> Vec<Source> {
    let mut sources = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let path = format!("from[{index}]");
        match name.as_str().map(|name| (name, Source::parse(name))) {
            Some((_, Some(source))) => sources.push(source),
            Some((name, None)) => unknown(fields, &path, name, Source::NAMES),
            None => fields.wrong(&path, "a string", name),
        }
    }
    sources
}

fn test(fields: &mut Reader) -> TestEvent {
    let json = fields.required("test").unwrap_or(Json::Object(Vec::new()));
    let mut inner = Reader::new("test", json);
    let event_type = required_text(&mut inner, "type");
    inner.noted(check_type(&event_type).map_err(|error| error.within("test")));
    let data = inner.value("data");
    let payload = inner.list("payload").map(|items| members(&mut inner, "test.payload", items));
    fields.noted(inner.finish());
    TestEvent { event_type, data, payload }
}
