//! Tests of the statuses that end a message and of those of success: the fields, and their effect on deliveries.

use serde_json::{Value, json};

use crate::testing::*;
use crate::*;

fn config() -> Config {
    Config::new(&settings()).unwrap()
}

fn registration(world: &World, config: &Config, fields: &str) -> Result<Value, Error> {
    let text = format!(r#"{{"url":"https://example.com/in","events":["*"],{fields}}}"#);
    register(world, config, "acme", None, &text).map(|shown| serde_json::from_str(&shown).unwrap())
}

fn changed(world: &World, config: &Config, webhook: &str, changes: &str) -> Result<Value, Error> {
    update(world, config, "acme", webhook, changes).map(|shown| serde_json::from_str(&shown).unwrap())
}

#[test]
fn lists_are_shown_as_they_count() {
    let (world, config) = (World::new(&[]), config());
    let shown = registration(&world, &config, r#""name":"n""#).unwrap();
    assert_eq!((&shown["successStatuses"], &shown["finalStatuses"]), (&json!(["2xx"]), &json!([])));
    let shown = registration(&world, &config, r#""successStatuses":[200,"202-204"],"finalStatuses":["401","4xx"]"#);
    let shown = shown.unwrap();
    assert_eq!(shown["successStatuses"], json!([200, "202-204"]));
    assert_eq!(shown["finalStatuses"], json!([401, "4xx"]));
    let webhook = shown["id"].as_str().unwrap();
    let shown = changed(&world, &config, webhook, r#"{"successStatuses":null}"#).unwrap();
    assert_eq!(shown["successStatuses"], json!(["2xx"]), "null is the profile's");
    assert_eq!(shown["finalStatuses"], json!([401, "4xx"]), "an absent field changes nothing");
    let shown = changed(&world, &config, webhook, r#"{"finalStatuses":[]}"#).unwrap();
    assert_eq!(shown["finalStatuses"], json!([]));
}

#[test]
fn contradictions_are_refused() {
    let (world, config) = (World::new(&[]), config());
    let many = format!(r#""finalStatuses":[{}]"#, vec!["401"; 21].join(","));
    for (name, fields, field, told) in [
        (
            "in both",
            r#""successStatuses":[200,409],"finalStatuses":["4xx"]"#,
            "finalStatuses",
            "`409` ends a message, and is a success by `successStatuses`",
        ),
        (
            "a success of the profile",
            r#""finalStatuses":[204]"#,
            "finalStatuses",
            "`204` ends a message, and is a success by the profile",
        ),
        ("no success at all", r#""successStatuses":[]"#, "successStatuses", "is empty, so that"),
        ("no status", r#""finalStatuses":[42]"#, "finalStatuses[0]", "`42` is no status and"),
        ("no list", r#""finalStatuses":401"#, "finalStatuses", "expected an array, not a number"),
        ("too many", many.as_str(), "finalStatuses", "has 21 entries; 20 are allowed"),
    ] {
        let error = registration(&world, &config, fields).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field), "{name}");
        assert!(error.message.starts_with(told), "{name}: {error}");
    }
    let webhook = registered(&world, &config, r#""finalStatuses":["4xx"]"#);
    let error = changed(&world, &config, &webhook, r#"{"successStatuses":["2xx",409]}"#).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("finalStatuses"), "with what is stored");
    changed(&world, &config, &webhook, r#"{"successStatuses":["2xx",409],"finalStatuses":["400-408"]}"#).unwrap();
}

#[test]
fn final_status_ends_its_message_and_counts_as_a_failed_delivery() {
    let world = World::new(&[401, 500, 200]);
    let config = Config::new(&Settings { disable_after_deliveries: Some(1), ..settings() }).unwrap();
    let webhook = registered(&world, &config, r#""finalStatuses":["400-409"],"schedule":[2]"#);
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).attempts, 1);
    assert_eq!(log(&world, &config, &webhook), [("exhausted".to_owned(), 1, Some(401))]);
    let page = attempts(&world, &config, "acme", &webhook, None, 1).unwrap();
    assert!(page.contains("the receiver responded 401, which ends the message"), "{page}");
    let view = shown(&world, &config, &webhook);
    assert_eq!((&view["inactiveReason"], &view["failureCount"]), (&json!("1 deliveries in a row failed"), &json!(1)));
}

#[test]
fn ended_message_is_sent_again_by_recover() {
    let (world, config) = (World::new(&[401]), config());
    let webhook = registered(&world, &config, r#""finalStatuses":[401]"#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    recover(&world, &config, "acme", &webhook, r#"{"since":"1970-01-01T00:00:00Z"}"#).unwrap();
    world.now_us.set(world.now_us.get() + 5_000_000);
    for _ in 0..3 {
        world.deliver(&config);
    }
    assert_eq!(log(&world, &config, &webhook)[0], ("delivered".to_owned(), 2, Some(200)));
}

#[test]
fn final_status_pauses_a_webhook_that_wants_it() {
    let (world, config) = (World::new(&[422]), config());
    let fields = r#""finalStatuses":[422],"strictOrder":true,"onExhausted":"pause""#;
    let webhook = registered(&world, &config, fields);
    accept_many(&world, &config, 2);
    world.deliver(&config);
    let reason = shown(&world, &config, &webhook)["inactiveReason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("paused: msg_") && reason.ends_with(" was ended by the status 422"), "{reason}");
    assert_eq!(world.requests.borrow().len(), 1);
}

#[test]
fn status_that_disables_goes_on_disabling_if_it_is_final() {
    let (world, config) = (World::new(&[410]), config());
    let webhook = registered(&world, &config, r#""finalStatuses":["4xx"]"#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    assert_eq!(shown(&world, &config, &webhook)["inactiveReason"], "the receiver answered 410");
}

#[test]
fn status_of_success_delivers_and_does_not_disable() {
    let (world, config) = (World::new(&[410, 200]), config());
    let webhook = registered(&world, &config, r#""successStatuses":[202,410],"schedule":[]"#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    let states = [("exhausted", 1, Some(200)), ("delivered", 1, Some(410))];
    assert_eq!(
        log(&world, &config, &webhook),
        states.map(|(state, number, status)| (state.to_owned(), number, status))
    );
    assert_eq!(shown(&world, &config, &webhook)["isActive"], true);
}

#[test]
fn profile_names_the_statuses_of_its_webhooks() {
    let own = profile::Profile::builtin_text("standard").unwrap();
    let own = own.replace("\"name\": \"standard\"", "\"name\": \"shop\", \"finalStatuses\": [401, 409]");
    let own = own.replace("\"success\": [200, 299]", "\"successStatuses\": [200, \"202-204\"]");
    let world = World::new(&[409, 409]);
    let config = Config::new(&Settings { profile: "shop".to_owned(), profiles: vec![own], ..settings() }).unwrap();
    let webhook = registered(&world, &config, r#""name":"n""#);
    let view = shown(&world, &config, &webhook);
    assert_eq!((&view["successStatuses"], &view["finalStatuses"]), (&json!([200, "202-204"]), &json!([401, 409])));
    accept_many(&world, &config, 1);
    world.deliver(&config);
    // The webhook's own list of successes precedes the profile's list of final statuses.
    changed(&world, &config, &webhook, r#"{"successStatuses":["2xx",409]}"#).unwrap();
    accept_many(&world, &config, 1);
    world.deliver(&config);
    let states = [("delivered", 1, Some(409)), ("exhausted", 1, Some(409))];
    assert_eq!(
        log(&world, &config, &webhook),
        states.map(|(state, number, status)| (state.to_owned(), number, status))
    );
}
