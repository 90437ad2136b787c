//! Whose request it is: which profile's headers it bears, and which event it reports. A guess for people who look at
//! requests; whether one is genuine is for `verify` to say.

use super::Received;
use crate::profile::payload::{Member, MemberValue, Source};
use crate::profile::{HeaderValue, Profile};
use crate::support::json;

/// The profile that the request speaks: the one with most of its own headers there; among equals, the first whose payload
/// tells its event's type. `None` if it bears no header of any.
pub fn recognise<'a>(profiles: &[&'a Profile], received: &Received<'_>) -> Option<&'a Profile> {
    let mut best = None;
    for profile in profiles {
        let there = profile.headers.iter().filter(|header| value(received, &header.name).is_some()).count();
        let rank = (there, event_type(profile, received).is_some());
        if there > 0 && best.is_none_or(|(other, _)| rank > other) {
            best = Some((rank, *profile));
        }
    }
    best.map(|(_, profile)| profile)
}

/// The type of the event, where the profile puts it: in a header, or in the payload.
pub fn event_type(profile: &Profile, received: &Received<'_>) -> Option<String> {
    if let Some(header) = profile.headers.iter().find(|header| header.value == HeaderValue::Type) {
        return value(received, &header.name).map(str::to_owned);
    }
    let path = path(&profile.payload)?;
    if received.method == "GET" {
        let [name] = path.as_slice() else { return None };
        let pairs = received.query.split('&').filter_map(|pair| pair.split_once('='));
        return pairs
            .map(|(key, value)| (decode(key), decode(value)))
            .find(|(key, _)| key == name)
            .map(|(_, value)| value);
    }
    let body = json::parse(std::str::from_utf8(received.body).ok()?).ok()?;
    let found = path.iter().try_fold(&body, |value, name| value.get(name))?;
    found.as_str().map(str::to_owned)
}

fn value<'a>(received: &Received<'a>, name: &str) -> Option<&'a str> {
    received.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The names that lead to the member that says the type.
fn path(members: &[Member]) -> Option<Vec<&str>> {
    members.iter().find_map(|member| match &member.value {
        MemberValue::First(sources, _) => (sources.first() == Some(&Source::Type)).then(|| vec![member.name.as_str()]),
        MemberValue::Members(inner) => path(inner).map(|rest| [vec![member.name.as_str()], rest].concat()),
    })
}

/// Undoes percent-encoding, leniently: this is for people to read.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let mut byte = [0];
        match after {
            [a, b, after @ ..] if *first == b'%' && hex::decode_to_slice([*a, *b], &mut byte).is_ok() => {
                bytes.push(byte[0]);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
