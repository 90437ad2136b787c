//! Tests of the tenant's settings: the bodies that are kept, and those that are shown.

use crate::delivery::rules::Rules;
use crate::delivery::verdict;
use crate::ports::{Direction, KeyRange, Storage};
use crate::testing::*;
use crate::*;

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn excerpts(world: &World, config: &Config, webhook: &str) -> Vec<serde_json::Value> {
    let page = json(&attempts(world, config, "acme", webhook, None, 10).unwrap());
    page["data"].as_array().unwrap().iter().map(|attempt| attempt["responseExcerpt"].clone()).collect()
}

#[test]
fn a_webhook_may_ask_to_keep_no_bodies() {
    let (world, config) = (World::new(&[500]), Config::new(&settings()).unwrap());
    let quiet = registered(&world, &config, r#""keepBodies":false,"schedule":[]"#);
    let other = registered(&world, &config, r#""schedule":[]"#);
    assert_eq!(
        (&shown(&world, &config, &quiet)["keepBodies"], &shown(&world, &config, &other)["keepBodies"]),
        (&false.into(), &true.into())
    );
    let id = on_event(&world, &config, Some("acme"), r#"{"type":"a","data":{"x":1}}"#).unwrap().message_id;
    world.deliver(&config);
    test_webhook(&world, &config, "acme", &quiet, None).unwrap();
    assert_eq!(excerpts(&world, &config, &quiet), [serde_json::Value::Null, serde_json::Value::Null]);
    assert!(excerpts(&world, &config, &other)[0].as_str().unwrap().starts_with("answer"));
    let error = delivery_payload(&world, &config, "acme", &id, &quiet).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    assert!(delivery_payload(&world, &config, "acme", &id, &other).unwrap().contains("\"x\":1"));
    let shown = json(&message(&world, &config, "acme", &id).unwrap());
    assert_eq!(shown["event"]["data"]["x"], 1, "the event is the tenant's");
    update(&world, &config, "acme", &quiet, r#"{"keepBodies":true}"#).unwrap();
    accept_many(&world, &config, 1);
    world.deliver(&config);
    assert_eq!(excerpts(&world, &config, &quiet)[0], "answer 200");
}

#[test]
fn a_tenant_may_ask_to_keep_no_bodies() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    assert_eq!(tenant_settings(&world, &config, "acme").unwrap(), r#"{"keepBodies":true}"#);
    for changes in [r#"{"keepBodies":false}"#, "{}", r#"{"keepBodies":false}"#] {
        assert_eq!(update_settings(&world, &config, "acme", changes).unwrap(), r#"{"keepBodies":false}"#);
    }
    assert_eq!(tenant_settings(&world, &config, "other").unwrap(), r#"{"keepBodies":true}"#);
    assert_eq!(update_settings(&world, &config, "acme", r#"{"keep":1}"#).unwrap_err().field.as_deref(), Some("keep"));
    let id = on_event(&world, &config, Some("acme"), r#"{"type":"a","data":{"x":1}}"#).unwrap().message_id;
    world.deliver(&config);
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    assert_eq!(excerpts(&world, &config, &webhook), [serde_json::Value::Null, serde_json::Value::Null]);
    assert!(world.requests.borrow()[0].body.as_ref().unwrap().contains("\"x\":1"), "it is sent all the same");
    let shown = json(&message(&world, &config, "acme", &id).unwrap());
    assert_eq!((&shown["event"], &shown["type"]), (&serde_json::Value::Null, &"a".into()));
    assert_eq!(delivery_payload(&world, &config, "acme", &id, &webhook).unwrap_err().kind, ErrorKind::Conflict);
}

#[test]
fn a_change_of_the_settings_with_an_unknown_outcome_is_made_once() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    world.meddle(At::Applied("tenant/"), |_| ());
    let answer = update_settings(&world, &config, "acme", r#"{"keepBodies":false}"#).unwrap();
    assert_eq!(answer, r#"{"keepBodies":false}"#);
    // Another change came before it.
    let other = Config::new(&settings()).unwrap();
    world.meddle(At::Commit("tenant/"), move |world| {
        update_settings(world, &other, "acme", r#"{"keepBodies":true}"#).unwrap();
    });
    update_settings(&world, &config, "acme", r#"{"keepBodies":true}"#).unwrap();
    assert_eq!(tenant_settings(&world, &config, "acme").unwrap(), r#"{"keepBodies":true}"#);
}

#[test]
fn body_quoted_by_a_protocol_error_is_not_kept() {
    use crate::ports::{Completion, HttpError, HttpErrorKind};
    let judge = |kind, bodies| {
        let error = HttpError { kind, detail: "got `secret`".to_owned() };
        let completion = Completion { id: 1, duration_ms: 1, result: Err(error) };
        let rules = Rules::of_profile(profile::Profile::builtin("standard").unwrap());
        verdict::judge(&rules, &[], 1, "", completion, 0).recorded(0, "a", bodies).detail
    };
    assert_eq!(judge(HttpErrorKind::Protocol, false), None);
    assert!(judge(HttpErrorKind::Protocol, true).is_some());
    assert!(judge(HttpErrorKind::Dns, false).is_some());
}

#[test]
fn hidden_attributes_appear_in_no_format() {
    let own =
        profile::Profile::builtin_text("standard").unwrap().replace("\"name\": \"standard\"", "\"name\": \"shop\"");
    let own = own.replace("\"hidden\": []", "\"hidden\": [\"password\"]");
    let config = Config::new(&Settings { profile: "shop".to_owned(), profiles: vec![own], ..settings() }).unwrap();
    let world = World::new(&[]);
    // Each in a format of its own: what the platform's own hides, no other shows.
    let formats = ["shop", "standard", "perscom", "assetsup", "perfex-assets", "datagerry"];
    let webhooks = formats.map(|format| registered(&world, &config, &format!(r#""format":"{format}""#)));
    let model = |value: &str| {
        format!(
            r#"{{"a":1,"Password":"hunter-{value}","deep":[{{"PASSWORD":{{"x":"hunter-{value}"}},"b":2}}],"fields":[]}}"#
        )
    };
    let event = format!(
        r#"{{"type":"a.b","before":{},"after":{},"data":{{"password":"hunter-4","c":3}}}}"#,
        model("1"),
        model("2")
    );
    let id = on_event(&world, &config, Some("acme"), &event).unwrap().message_id;
    world.deliver(&config);
    assert_eq!(world.requests.borrow().len(), formats.len());
    for (request, format) in world.requests.borrow().iter().zip(formats) {
        let text = format!("{}{:?}", request.url, request.body);
        assert!(!text.contains("hunter"), "{format}: {text}");
    }
    for webhook in &webhooks {
        let payload = delivery_payload(&world, &config, "acme", &id, webhook).unwrap();
        let explained = explain(&world, &config, "acme", &id, webhook).unwrap();
        assert!(!payload.contains("hunter") && !explained.contains("hunter"), "{payload} {explained}");
    }
    let shown = message(&world, &config, "acme", &id).unwrap();
    assert!(!shown.contains("hunter") && shown.contains("\"c\":3") && shown.contains("\"b\":2"), "{shown}");
    for prefix in ["attempt", "recent", "health", "lane", "queue"] {
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        let rows = Storage::scan(&world, &range, 1_000, Direction::Forward).unwrap();
        assert!(rows.iter().all(|row| !row.value.contains("hunter")), "{prefix}");
    }
    // A refused event is not quoted either.
    let refused = [r#"{"type":"a","data":{"password":"hunter-5"},"x":1}"#, r#"{"type":"a","before":"hunter-6"}"#];
    for event in refused {
        let error = on_event(&world, &config, Some("acme"), event).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}
