//! Judges that tenants never see each other: a tenant's call asks for, writes and sends nothing but what is its own, and no
//! answer shows anything of another.

use std::fmt::Write as _;

use hookwright_engine::ports::Mutation;

use super::{Failure, ensure, sends};
use crate::sim::model::{self, Model};
use crate::sim::ops::Op;
use crate::sim::rows::{self, Row};

/// A tenant as part of keys, as the layout says.
pub fn part(tenant: &str) -> String {
    let mut part = String::new();
    for byte in tenant.bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-' {
            part.push(char::from(byte));
        } else {
            let _ = write!(part, "_{byte:02x}");
        }
    }
    part
}

/// The tenant of a row, by its key; none: the row is everybody's.
fn owner(key: &str) -> Option<&str> {
    let mut parts = key.split('/');
    match parts.next()? {
        "inbox" | "shard" => None,
        "timer" => parts.nth(1),
        _ => parts.next(),
    }
}

/// Judges what a tenant's call asks of the outside.
pub fn asks(model: &Model, tenant: &str, op: &Op) -> Result<(), Failure> {
    let part = part(tenant);
    let own = |key: &str| match rows::parse(key) {
        // The key of an inbox does not name the tenant.
        Some(Row::Inbox { message }) => model.messages.get(message).is_none_or(|found| found.tenant_part == part),
        // The job of a tenant that keeps no bodies belongs to no caller.
        _ => owner(key).is_none_or(|owner| owner == part || owner == "_"),
    };
    let alien = match op {
        Op::Get(keys) => keys.iter().find(|key| !own(key)).cloned(),
        Op::Scan { range, .. } => {
            let family = range.start.split('/').next().unwrap_or_default();
            let within = own(&range.start) && range.end <= format!("{family}/{part}0");
            (!within).then(|| format!("{}..{}", range.start, range.end))
        }
        Op::Commit { mutations, .. } => mutations.iter().map(Mutation::key).find(|key| !own(key)).map(str::to_owned),
        Op::Submit(requests) => {
            let prefix = format!("{part}/");
            let of_tenant = |url: &str| model.by_url.get(url).is_some_and(|lane| lane.starts_with(&prefix));
            requests.iter().find(|request| !of_tenant(&request.url)).map(|request| request.url.clone())
        }
        Op::Wait { .. } => None,
    };
    ensure(alien.is_none(), "tenants", || format!("a call of '{tenant}' asks for {alien:?}"))
}

/// Judges an answer to a tenant: every message, webhook, receiver and content in it is its own.
pub fn shown(model: &Model, tenant: &str, text: &str) -> Result<(), Failure> {
    let part = part(tenant);
    let of_message = |id: &str| model.messages.get(id).map(|message| message.tenant_part.as_str());
    let of_lane = |lane: &String| lane.split('/').next().unwrap_or_default().to_owned();
    let alien = |id: &str, owner: Option<String>| {
        let owner = owner.filter(|owner| *owner != part);
        ensure(owner.is_none(), "tenants", || format!("'{tenant}' is shown {id} of '{owner:?}': {text}"))
    };
    for id in ids(text, "msg_") {
        alien(id, of_message(id).map(str::to_owned))?;
    }
    for id in ids(text, "wh_") {
        alien(id, model.lanes.keys().find(|lane| lane.ends_with(id)).map(of_lane))?;
    }
    for (at, _) in text.match_indices("https://h") {
        let receiver = sends::receiver_of(&text[at..]);
        let url = receiver.map(|receiver| format!("https://h{receiver}.sim.test/in")).unwrap_or_default();
        alien(&url, model.by_url.get(&url).map(of_lane))?;
    }
    for (at, _) in text.match_indices("\"sim\":") {
        let marker = model::marker(&text[at..]).unwrap_or_default();
        let mut owners = model.messages.values().filter(|message| message.marker == marker);
        alien(&text[at..text.len().min(at + 16)], owners.next().map(|message| message.tenant_part.clone()))?;
    }
    Ok(())
}

/// The ids in a text that begin so.
fn ids<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(prefix).filter_map(move |(at, _)| text.get(at..at + prefix.len() + 26))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::model::Message;

    const MESSAGE: &str = "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const WEBHOOK: &str = "wh_bbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn model() -> Model {
        let mut model = Model::default();
        let message = Message { marker: 7, tenant_part: part("Globex Ü"), ..Message::default() };
        model.messages.insert(MESSAGE.to_owned(), message);
        let lane = format!("{}/{WEBHOOK}", part("Globex Ü"));
        model.lanes.insert(lane.clone(), Default::default());
        model.by_url.insert("https://h3.sim.test/in".to_owned(), lane);
        model
    }

    #[test]
    fn data_of_another_tenant_in_a_response_is_noticed() {
        let texts = [
            format!("{{\"id\":\"{MESSAGE}\"}}"),
            format!("[\"{WEBHOOK}\"]"),
            "{\"url\":\"https://h3.sim.test/in\"}".to_owned(),
            "{\"data\":{\"sim\":7}}".to_owned(),
        ];
        for text in texts {
            assert!(shown(&model(), "acme", &text).is_err(), "{text}");
            assert_eq!(shown(&model(), "Globex Ü", &text), Ok(()), "{text}");
        }
    }

    #[test]
    fn requests_for_rows_of_another_tenant_are_noticed() {
        let get = |key: &str| Op::Get(vec![key.to_owned()]);
        let range = |start: &str, end: &str| Op::Scan {
            range: hookwright_engine::ports::KeyRange { start: start.to_owned(), end: end.to_owned() },
            limit: 1,
            order: hookwright_engine::ports::Direction::Forward,
        };
        let rows = [
            (get("webhook/acme/wh_1"), true),
            (get("webhook/_47lobex_20_c3_9c/wh_1"), false),
            (get(&format!("inbox/03/1760000000000/{MESSAGE}")), false),
            (range("attempt/acme/m/", "attempt/acme/m0"), true),
            (range("webhook/acme/", "webhook/acme0"), true),
            (range("webhook/acme/", "webhook0"), false),
            (range("webhook/", "webhook0"), false),
            (get("timer/1760000000000/acme/wh_1/t"), true),
            (get("timer/1760000000000/initech/wh_1/t"), false),
        ];
        for (op, fine) in rows {
            assert_eq!(asks(&model(), "acme", &op).is_ok(), fine, "{op:?}");
        }
    }
}
