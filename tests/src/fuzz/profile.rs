//! A host's own profile: every profile that parses must format, send and be read again without a panic.

use hookwright_engine::event::Event;
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::profile::Profile;
use hookwright_engine::request::{Target, format};
use hookwright_engine::secret::Secret;
use hookwright_engine::{Config, ErrorKind, SealingKey, Settings, on_event, register};

use super::parts::{check_error, check_json};
use super::world::{START_US, World};

pub const WORDS: &[&str] = &[
    "\"name\":",
    "\"events\":[",
    "\"letterCase\":\"upper\"",
    "\"style\":\"php\"",
    "\"python-indent-2\"",
    "\"payload\":[",
    "\"members\":[",
    "\"from\":[",
    "\"else\":",
    "\"changes.fields\"",
    "\"time.unix-millis\"",
    "\"headers\":[",
    "\"signature\"",
    "\"body-hex\"",
    "\"prefix\":",
    "\"scheduleS\":[",
    "4294967295",
    "\"jitterPercent\":100",
    "\"timeoutMs\":100",
    "\"success\":[100,599]",
    "\"methods\":[\"GET\"]",
    "\"disableOn\":[",
    "\"retryAfterOn\":[",
    "\"successStatuses\":[200,\"2xx\"]",
    "\"finalStatuses\":[401,\"404-410\"]",
    "\"hidden\":[\"password\"]",
    "\"test\":{\"type\":\"T\",\"data\":{}}",
    "\"unsigned\":\"allow\"",
    "\"secretAbsent\":\"refuse\"",
    "\"signedOnly\":true",
    "\"subject.id\"",
    "\"data.a\"",
    "\\r\\n",
];

const EVENT: &str = r#"{"id":"e1","type":"TYPE","occurredAt":"2025-02-04T12:00:00Z","subject":{"type":"asset","id":7},
"before":{"a":1,"password":"p"},"after":{"a":2,"b":[1,{"c":null}],"password":"q"},"data":{"d":"e/é"},"context":{"k":"v"}}"#;

pub fn run(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let profile = match Profile::parse(text) {
        Ok(profile) => profile,
        Err(error) => {
            check_error(&error);
            let is_told = error.field.is_some() || error.message.contains("line");
            assert!(is_told, "neither field nor line: {error:?}");
            return false;
        }
    };
    assert_eq!(Profile::parse(text).as_ref(), Ok(&profile), "the same text is another profile");
    let event_type = profile.events.first().map_or("asset.updated", String::as_str);
    let folded = profile.event_type(event_type).expect("its own catalogue");
    assert_eq!(profile.event_type(&folded).as_ref(), Ok(&folded), "the canonical type is not stable");
    let given = EVENT.replace("TYPE", event_type);
    let event = Event::parse(&given).expect("an event");
    check_formats(&profile, &Event { event_type: folded, ..event });
    check_formats(&profile, &profile.test_event(START_US));
    use_it(text, &profile, &given);
    true
}

fn check_formats(profile: &Profile, event: &Event) {
    let secret = Secret::generate(profile, &mut |buffer| buffer.fill(7));
    assert_eq!(Secret::parse(profile, secret.expose()).as_ref(), Ok(&secret), "a made secret is none");
    for &method in &profile.methods {
        for secrets in [&[][..], std::slice::from_ref(&secret)] {
            let target = Target { url: "https://a.example/in", method, headers: &[] };
            match format(profile, &target, "msg_a", event, START_US, secrets) {
                Ok(made) => {
                    check_json(&made.logged_body);
                    let mut names: Vec<String> = made.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
                    names.sort_unstable();
                    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a header twice: {names:?}");
                    for (name, value) in &made.headers {
                        let is_name = !name.is_empty()
                            && name
                                .bytes()
                                .all(|byte| byte.is_ascii_alphanumeric() || b"-_!#$%&'*+.^`|~".contains(&byte));
                        assert!(is_name && value.bytes().all(|byte| (32..127).contains(&byte)), "{name:?}: {value:?}");
                    }
                }
                Err(error) => {
                    check_error(&error);
                    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
                }
            }
        }
    }
}

/// As a host would: configured, subscribed, delivered.
fn use_it(text: &str, profile: &Profile, event: &str) {
    let settings = Settings {
        profile: profile.name.clone(),
        profiles: vec![text.to_owned()],
        sealing_keys: vec![SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) }],
        ..Settings::default()
    };
    let config = match Config::new(&settings) {
        Ok(config) => config,
        Err(error) => {
            check_error(&error);
            assert!(Profile::BUILTIN_NAMES.contains(&profile.name.as_str()), "{error}");
            return;
        }
    };
    let world = World::new(MemoryStore::new());
    let secret = Secret::generate(profile, &mut |buffer| buffer.fill(7));
    let registration =
        serde_json::json!({"url": "https://a.example/in", "events": ["*"], "secret": secret.expose()}).to_string();
    register(&world, &config, "acme", None, &registration).unwrap_or_else(|error| panic!("no webhook: {error}"));
    on_event(&world, &config, Some("acme"), event).unwrap_or_else(|error| panic!("no event: {error}"));
    let report = world.deliver(&config).unwrap_or_else(|error| panic!("the worker stops: {error}"));
    assert_eq!(report.routed, 1);
    for request in world.sent.borrow().iter() {
        assert!(request.timeout_ms >= 100 && profile.methods.iter().any(|method| method.as_str() == request.method));
    }
    check_json(&hookwright_engine::event_types(&config).expect("a catalogue"));
}
