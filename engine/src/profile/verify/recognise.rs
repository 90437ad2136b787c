//! Recognition of a received request: the profile whose headers it has, and the event type that it reports. It is a
//! guess for people who look at requests. Only `verify` decides if one is genuine.

use super::Received;
use crate::profile::Profile;
use crate::profile::vocabulary::{HeaderValue, Member, MemberValue, Source};
use crate::support::json;
use crate::support::percent;

/// Returns the profile with most of its headers in the request. Among equals, it is the first one whose event type can
/// be read. `None`: the request has no header of any profile.
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

/// Returns the event type from the place where the profile puts it: a header, or the payload.
pub fn event_type(profile: &Profile, received: &Received<'_>) -> Option<String> {
    if let Some(header) = profile.headers.iter().find(|header| header.value == HeaderValue::Type) {
        return value(received, &header.name).map(str::to_owned);
    }
    let path = path(&profile.payload)?;
    if received.method == "GET" {
        let [name] = path.as_slice() else { return None };
        let pairs = received.query.split('&').filter_map(|pair| pair.split_once('='));
        // The payload follows the query of the webhook's own URL.
        let is_type = |(key, _): &(&str, &str)| percent::decode_form(key) == *name;
        return pairs.rev().find(is_type).map(|(_, value)| percent::decode_form(value));
    }
    let body = json::parse_kept(std::str::from_utf8(received.body).ok()?).ok()?;
    let found = path.iter().try_fold(&body, |value, name| value.get(name))?;
    found.as_str().map(str::to_owned)
}

fn value<'a>(received: &Received<'a>, name: &str) -> Option<&'a str> {
    received.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Returns the names that lead to the member with the event type.
fn path(members: &[Member]) -> Option<Vec<&str>> {
    members.iter().find_map(|member| match &member.value {
        MemberValue::First(sources, _) => (sources.first() == Some(&Source::Type)).then(|| vec![member.name.as_str()]),
        MemberValue::Members(inner) => path(inner).map(|rest| [vec![member.name.as_str()], rest].concat()),
    })
}
