//! Reading a profile's file: closed vocabulary, every word checked, unknown ones refused.

use super::{Header, HeaderValue, LetterCase, Method, Profile, SecretAbsent, Signature, TestEvent, Unsigned};
use crate::event::check_type;
use crate::json::{self, Json, Reader, Style, quoted};
use crate::payload::{Member, MemberValue, Source};
use crate::{Error, limits};

pub(super) fn profile(text: &str) -> Result<Profile, Error> {
    let mut fields = Reader::new("", json::parse(text)?)?;
    let profile = Profile {
        name: required_text(&mut fields, "name")?,
        events: texts(&mut fields, "events")?,
        letter_case: word(&mut fields, "letterCase", &[("exact", LetterCase::Exact), ("upper", LetterCase::Upper)])?,
        style: word(
            &mut fields,
            "style",
            &[("compact", Style::Compact), ("php", Style::Php), ("python-indent-2", Style::PythonIndent2)],
        )?,
        payload: members("payload", required_list(&mut fields, "payload")?)?,
        headers: headers(&mut fields)?,
        signature: signature(&mut fields)?,
        secret_absent: word(
            &mut fields,
            "secretAbsent",
            &[("make", SecretAbsent::Make), ("unsigned", SecretAbsent::Unsigned), ("refuse", SecretAbsent::Refuse)],
        )?,
        unsigned: word(&mut fields, "unsigned", &[("allow", Unsigned::Allow), ("refuse", Unsigned::Refuse)])?,
        schedule_s: schedule(&mut fields)?,
        jitter_percent: bounded(&mut fields, "jitterPercent", 0, 100)?,
        timeout_ms: bounded(&mut fields, "timeoutMs", limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX)?,
        success: success(&mut fields)?,
        methods: methods(&mut fields)?,
        disable_on: statuses(&mut fields, "disableOn")?,
        retry_after_on: statuses(&mut fields, "retryAfterOn")?,
        hidden: texts(&mut fields, "hidden")?,
        test: test(&mut fields)?,
    };
    fields.finish()?;
    for (index, event_type) in profile.events.iter().enumerate() {
        check_type(event_type).map_err(|error| Error { field: Some(format!("events[{index}]")), ..error })?;
        if profile.letter_case.fold(event_type) != *event_type {
            return Err(Error::invalid(&format!("events[{index}]"), format!("`{event_type}` breaks the letter case")));
        }
    }
    if profile.secret_absent == SecretAbsent::Unsigned && profile.unsigned == Unsigned::Refuse {
        let error = Error::invalid("secretAbsent", "cannot be `unsigned` where `unsigned` is `refuse`");
        return Err(error.hint("make `secretAbsent` `make` or `refuse`"));
    }
    Ok(profile)
}

fn required_text(fields: &mut Reader, name: &'static str) -> Result<String, Error> {
    match fields.text(name)? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Error::invalid(&fields.path(name), "is required")),
    }
}

fn required_list(fields: &mut Reader, name: &'static str) -> Result<Vec<Json>, Error> {
    fields.list(name)?.ok_or_else(|| Error::invalid(&fields.path(name), "is required"))
}

fn text_of(path: &str, json: Json) -> Result<String, Error> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(Error::invalid(path, format!("expected a string, not {}", other.kind()))),
    }
}

/// A list of texts; none if the field is absent.
fn texts(fields: &mut Reader, name: &'static str) -> Result<Vec<String>, Error> {
    let items = fields.list(name)?.unwrap_or_default().into_iter();
    items.enumerate().map(|(index, item)| text_of(&format!("{}[{index}]", fields.path(name)), item)).collect()
}

/// One of some words.
fn word<T: Copy>(fields: &mut Reader, name: &'static str, words: &[(&str, T)]) -> Result<T, Error> {
    let text = required_text(fields, name)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| unknown(&fields.path(name), &text, &list(words)))
}

fn list<T>(words: &[(&str, T)]) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

fn unknown(path: &str, text: &str, known: &str) -> Error {
    Error::invalid(path, format!("`{}` is unknown", quoted(text))).hint(format!("the words are {known}"))
}

fn number_of(path: &str, json: &Json, min: u32, max: u32) -> Result<u32, Error> {
    let number = match json {
        Json::Number(number) => number.text().parse().ok(),
        _ => None,
    };
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| Error::invalid(path, format!("must be a whole number from {min} to {max}")))
}

fn bounded(fields: &mut Reader, name: &'static str, min: u32, max: u32) -> Result<u32, Error> {
    let json = fields.required(name)?;
    number_of(&fields.path(name), &json, min, max)
}

fn schedule(fields: &mut Reader) -> Result<Vec<u32>, Error> {
    let waits = required_list(fields, "scheduleS")?;
    if waits.len() > limits::SCHEDULE_WAITS_MAX {
        let message = format!("has {} waits; {} are allowed", waits.len(), limits::SCHEDULE_WAITS_MAX);
        return Err(Error::invalid("scheduleS", message));
    }
    let wait =
        |(index, wait): (usize, &Json)| number_of(&format!("scheduleS[{index}]"), wait, 0, limits::SCHEDULE_WAIT_S_MAX);
    waits.iter().enumerate().map(wait).collect()
}

fn status(path: &str, json: &Json) -> Result<u16, Error> {
    number_of(path, json, 100, 599).map(|status| u16::try_from(status).unwrap_or(u16::MAX))
}

fn statuses(fields: &mut Reader, name: &'static str) -> Result<Vec<u16>, Error> {
    let items = fields.list(name)?.unwrap_or_default();
    items.iter().enumerate().map(|(index, item)| status(&format!("{name}[{index}]"), item)).collect()
}

fn success(fields: &mut Reader) -> Result<(u16, u16), Error> {
    match statuses(fields, "success")?.as_slice() {
        [first, last] if first <= last => Ok((*first, *last)),
        _ => Err(Error::invalid("success", "must be the first and the last status: [200, 299]")),
    }
}

fn methods(fields: &mut Reader) -> Result<Vec<Method>, Error> {
    let mut methods = Vec::new();
    for (index, name) in texts(fields, "methods")?.iter().enumerate() {
        let path = format!("methods[{index}]");
        methods.push(Method::parse(name).ok_or_else(|| unknown(&path, name, "POST, GET"))?);
    }
    if methods.is_empty() { Err(Error::invalid("methods", "is required")) } else { Ok(methods) }
}

fn signature(fields: &mut Reader) -> Result<Signature, Error> {
    let mut fields = Reader::new("signature", fields.required("signature")?)?;
    let scheme = required_text(&mut fields, "scheme")?;
    let signature = match scheme.as_str() {
        "body-hex" => Signature::BodyHex { prefix: fields.text("prefix")?.unwrap_or_default() },
        "standard-webhooks" => Signature::StandardWebhooks,
        other => return Err(unknown("signature.scheme", other, "body-hex, standard-webhooks")),
    };
    fields.finish()?;
    Ok(signature)
}

fn headers(fields: &mut Reader) -> Result<Vec<Header>, Error> {
    let values = [
        ("type", HeaderValue::Type),
        ("message-id", HeaderValue::MessageId),
        ("attempt.unix-seconds", HeaderValue::AttemptSeconds),
        ("signature", HeaderValue::Signature),
    ];
    let header = |(index, item): (usize, Json)| {
        let mut fields = Reader::new(&format!("headers[{index}]"), item)?;
        let name = required_text(&mut fields, "name")?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Error::invalid(&fields.path("name"), format!("`{}` is no header's name", quoted(&name))));
        }
        let value = word(&mut fields, "value", &values)?;
        let signed_only = fields.bool("signedOnly")?.unwrap_or(value == HeaderValue::Signature);
        fields.finish()?;
        Ok(Header { name, value, signed_only: signed_only || value == HeaderValue::Signature })
    };
    fields.list("headers")?.unwrap_or_default().into_iter().enumerate().map(header).collect()
}

fn members(path: &str, items: Vec<Json>) -> Result<Vec<Member>, Error> {
    let mut members: Vec<Member> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let path = format!("{path}[{index}]");
        let mut fields = Reader::new(&path, item)?;
        let name = required_text(&mut fields, "name")?;
        if members.iter().any(|member| member.name == name) {
            return Err(Error::invalid(&fields.path("name"), format!("`{}` is there twice", quoted(&name))));
        }
        let value = member_value(&path, &mut fields)?;
        fields.finish()?;
        members.push(Member { name, value });
    }
    Ok(members)
}

/// `from` with or without `else`, or `constant`, or `members`.
fn member_value(path: &str, fields: &mut Reader) -> Result<MemberValue, Error> {
    let (from, otherwise) = (fields.list("from")?, fields.raw("else"));
    let (constant, inner) = (fields.raw("constant"), fields.list("members")?);
    match (from, otherwise, constant, inner) {
        (Some(from), otherwise, None, None) => {
            let source = |(index, item): (usize, Json)| {
                let path = format!("{path}.from[{index}]");
                let name = text_of(&path, item)?;
                Source::parse(&name).ok_or_else(|| unknown(&path, &name, Source::NAMES))
            };
            let sources = from.into_iter().enumerate().map(source).collect::<Result<_, _>>()?;
            Ok(MemberValue::First(sources, otherwise))
        }
        (None, None, Some(constant), None) => Ok(MemberValue::First(Vec::new(), Some(constant))),
        (None, None, None, Some(inner)) => Ok(MemberValue::Members(members(&format!("{path}.members"), inner)?)),
        _ => {
            let error = Error::invalid(path, "says where its value comes from either not at all or twice");
            Err(error.hint("give one of `from` (with or without `else`), `constant` and `members`"))
        }
    }
}

fn test(fields: &mut Reader) -> Result<TestEvent, Error> {
    let mut fields = Reader::new("test", fields.required("test")?)?;
    let event_type = required_text(&mut fields, "type")?;
    check_type(&event_type).map_err(|error| error.within("test"))?;
    let data = fields.value("data");
    let payload = match fields.list("payload")? {
        Some(items) => Some(members("test.payload", items)?),
        None => None,
    };
    fields.finish()?;
    Ok(TestEvent { event_type, data, payload })
}
