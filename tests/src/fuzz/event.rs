//! Events as a host hands them over, in every dialect: what is accepted is stored as it is, known again, and leaves as JSON
//! with a signature that holds.
//!
//! An input is parts; the first line of the first may be `PROFILE`, a built-in name, else it is `standard`. Each part is an event.

use hookwright_engine::event::Event;
use hookwright_engine::json::{self, Json, Style};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::profile::{Method, Profile};
use hookwright_engine::request::{Target, format};
use hookwright_engine::secret::Secret;
use hookwright_engine::verify::{Received, Verdict, verify};
use hookwright_engine::{Config, ErrorKind, on_event, on_events};

use super::parts::{check_error, check_json, parts};
use super::world::{START_US, World, config};

pub const WORDS: &[&str] = &[
    "standard\n",
    "datagerry\n",
    "perscom\n",
    "assetsup\n",
    "perfex-assets\n",
    "\"type\":",
    "\"asset.updated\"",
    "\"CREATE\"",
    "\"id\":\"e1\"",
    "\"tenant\":",
    "\"occurredAt\":",
    "\"2025-02-04T12:00:00Z\"",
    "\"9999-12-31T23:59:59.999999999Z\"",
    "\"1969-12-31T23:59:60+14:00\"",
    "\"subject\":{\"type\":\"a\",\"id\":1}",
    "\"before\":{",
    "\"after\":{",
    "\"data\":",
    "\"context\":{",
    "{\"password\":1}",
    "[]",
    "\n===\n",
    "1E5",
    "0.10",
    "\\u2028",
    "\u{1f600}",
];

pub fn run(input: &[u8]) -> bool {
    let mut parts = parts(input);
    let named = parts[0].split_once('\n').and_then(|(name, rest)| Some((Profile::builtin(name)?, rest.to_owned())));
    let profile = match named {
        Some((profile, rest)) => {
            parts[0] = rest;
            profile
        }
        None => Profile::builtin("standard").expect("built in"),
    };
    let (config, world) = (config(&profile.name), World::new(MemoryStore::new()));
    let mut is_taken = false;
    for text in &parts {
        if let Ok(event) = Event::parse(text) {
            check_event(text, &event);
            check_request(profile, event);
        }
        is_taken |= accept(&config, &world, text);
    }
    let rows = world.store.len();
    match on_events(&world, &config, Some("batch"), &parts) {
        Ok(accepted) => assert_eq!(accepted.len(), parts.len()),
        Err(error) => {
            check_error(&error);
            assert!(error.field.as_ref().is_some_and(|field| field.starts_with("events")), "{error:?}");
            assert_eq!(world.store.len(), rows, "a refused call left something");
        }
    }
    let delivered = world.deliver(&config);
    assert!(delivered.is_ok(), "what was accepted stops the worker: {delivered:?}");
    is_taken
}

/// Checks that a written event is read as the same event.
fn check_event(text: &str, event: &Event) {
    let written = json::write(&event.to_json(), Style::Compact);
    check_json(&written);
    match Event::parse(&written) {
        Ok(again) => {
            assert_eq!(again, *event, "{written:?} is another event");
            assert_eq!(again.content(), event.content());
        }
        // Unescaped or with longer numbers it may be longer than what came.
        Err(error) => assert!(error.kind == ErrorKind::TooLarge && written.len() > text.len(), "{written:?}: {error}"),
    }
}

fn accept(config: &Config, world: &World, text: &str) -> bool {
    let accepted = match world.call(|world| on_event(world, config, Some("acme"), text)) {
        Ok(accepted) => accepted,
        Err(error) => {
            check_error(&error);
            let is_told = error.field.is_some() || matches!(error.kind, ErrorKind::Invalid | ErrorKind::TooLarge);
            assert!(is_told && error.kind != ErrorKind::Internal, "{error:?}");
            return false;
        }
    };
    let shown = hookwright_engine::message(world, config, "acme", &accepted.message_id).expect("what was accepted");
    check_json(&shown);
    let stored = json::parse_within(&shown, 70).expect("our own JSON");
    let stored = json::write(stored.get("event").expect("the event"), Style::Compact);
    let (stored, given) = (Event::parse(&stored), Event::parse(text).expect("accepted"));
    let stored = stored.unwrap_or_else(|error| panic!("what is shown is no event: {error}"));
    let hidden = &config.profile().hidden;
    let seen = |json: Option<Json>| json.map(|json| without(json, hidden));
    let models = (seen(given.data), seen(given.after), seen(given.before));
    assert_eq!((stored.data, stored.after, stored.before), models);
    let again = on_event(world, config, Some("acme"), text).expect("accepted before");
    let is_known = again.message_id == accepted.message_id && !again.new;
    assert_eq!(is_known, given.id.is_some(), "the same event again: {again:?}, at first {accepted:?}");
    true
}

/// Checks that a payload is JSON, hides the hidden attributes, and has a signature that verifies.
fn check_request(profile: &Profile, mut event: Event) {
    let Ok(event_type) = profile.event_type(&event.event_type) else { return };
    event.event_type = event_type;
    event.occurred_at_us.get_or_insert(START_US);
    let secret = Secret::generate(profile, &mut |buffer| buffer.fill(7));
    for &method in &profile.methods {
        let target = Target { url: "https://a.example/in?x=1", method, headers: &[] };
        let made = format(profile, &target, "msg_a", &event, START_US, std::slice::from_ref(&secret));
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                check_error(&error);
                assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
                continue;
            }
        };
        check_json(&made.logged_body);
        let body = json::parse_within(&made.logged_body, 80).expect("our own JSON");
        for hidden in &profile.hidden {
            assert!(!has_key(&body, hidden), "{hidden} leaves: {}", made.logged_body);
        }
        assert!(made.url.bytes().all(|byte| byte.is_ascii_graphic()), "{:?}", made.url);
        for (name, value) in &made.headers {
            assert!(value.bytes().all(|byte| (32..127).contains(&byte)), "the header {name}: {value:?}");
        }
        if method == Method::Post {
            let body = made.body.as_deref().expect("a POST has a body");
            let received = Received { method: "POST", query: "", headers: &made.headers, body: body.as_bytes() };
            let verdict = verify(profile, std::slice::from_ref(&secret), &received, START_US / 1_000_000, 300);
            assert_eq!(verdict, Verdict::Verified { secret: 0 });
        }
    }
}

fn has_key(json: &Json, wanted: &str) -> bool {
    match json {
        Json::Object(members) => {
            members.iter().any(|(key, value)| key.eq_ignore_ascii_case(wanted) || has_key(value, wanted))
        }
        Json::Array(items) => items.iter().any(|item| has_key(item, wanted)),
        _ => false,
    }
}

/// Returns the part of a value that may be shown: no attribute that the platform's profile hides.
fn without(json: Json, hidden: &[String]) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(|item| without(item, hidden)).collect()),
        Json::Object(members) => {
            let shown = |key: &String| !hidden.iter().any(|name| name.to_lowercase() == key.to_lowercase());
            let members = members.into_iter().filter(|(key, _)| shown(key));
            Json::Object(members.map(|(key, value)| (key, without(value, hidden))).collect())
        }
        other => other,
    }
}
