//! Tests of the rules that a host sets for webhooks.

use crate::testing::*;
use crate::*;

#[test]
fn a_tenant_has_so_many_webhooks_and_no_more() {
    let world = World::new(&[]);
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let settings = Settings { sealing_keys: vec![key], webhooks_per_tenant_max: Some(2), ..Settings::default() };
    let config = Config::new(&settings).unwrap();
    let one = |tenant: &str| {
        register(&world, &config, tenant, None, r#"{"url":"https://example.com/","events":["*"]}"#)
            .map(|shown| serde_json::from_str::<serde_json::Value>(&shown).unwrap()["id"].as_str().unwrap().to_owned())
    };
    let first = one("a").unwrap();
    one("a").unwrap();
    let error = one("a").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.message, "the tenant has 2 webhooks; 2 are allowed");
    one("b").unwrap();
    unregister(&world, &config, "a", &first).unwrap();
    one("a").unwrap();
    assert!(one("a").is_err());
}

#[test]
fn https_can_be_demanded() {
    let world = World::new(&[]);
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let lenient = Settings { sealing_keys: vec![key], ..Settings::default() };
    let strict = Config::new(&Settings { plain_http: PlainHttp::Refused, ..lenient.clone() }).unwrap();
    let lenient = Config::new(&lenient).unwrap();
    let registration = r#"{"url":"HTTP://example.com/","events":["*"]}"#;
    let error = register(&world, &strict, "a", None, registration).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("url"));
    let shown = register(&world, &lenient, "a", None, registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let webhook = shown["id"].as_str().unwrap();
    assert_eq!(test_webhook(&world, &strict, "a", webhook, None).unwrap_err().kind, ErrorKind::Conflict);
    on_event(&world, &strict, Some("a"), r#"{"type":"x"}"#).unwrap();
    assert_eq!(world.deliver(&strict).attempts, 0);
    let page = attempts(&world, &strict, "a", webhook, None, 10).unwrap();
    assert!(page.contains("\"state\":\"skipped\"") && page.contains("only https is allowed"), "{page}");
    assert!(world.requests.borrow().is_empty());
}

/// Lets another change of the row come before every commit of a change, `ms` milliseconds later each time.
fn keep_changing(world: &World, prefix: &'static str, key: String, ms: u64) {
    world.meddle(At::Commit(prefix), move |world| {
        world.now_us.set(world.now_us.get() + ms * 1_000);
        let row = ports::Storage::get(&world.store, std::slice::from_ref(&key)).unwrap().remove(0).unwrap();
        world.put(std::iter::once(key.clone()), &row.value);
        keep_changing(world, prefix, key, ms);
    });
}

#[test]
fn change_that_others_keep_coming_before_ends_after_its_time() {
    type Change = fn(&World, &Config, &str) -> Result<String, Error>;
    let registration = r#"{"url":"https://example.com/","events":["*"]}"#;
    let rows: [(&str, &str, Change); 5] = [
        ("register", "subscriptions/", |world, config, _| {
            register(world, config, "acme", None, r#"{"url":"https://example.com/","events":["*"]}"#)
        }),
        ("update", "webhook/", |world, config, id| update(world, config, "acme", id, r#"{"name":"n"}"#)),
        ("rotate", "webhook/", |world, config, id| rotate_secret(world, config, "acme", id, None, None)),
        ("unregister", "webhook/", |world, config, id| unregister(world, config, "acme", id)),
        ("settings", "tenant/", |world, config, _| update_settings(world, config, "acme", r#"{"keepBodies":true}"#)),
    ];
    for (name, prefix, change) in rows {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        let shown = register(&world, &config, "acme", None, registration).unwrap();
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let id = shown["id"].as_str().unwrap();
        update_settings(&world, &config, "acme", r#"{"keepBodies":false}"#).unwrap();
        let key = match prefix {
            "webhook/" => keys::webhook(&keys::Lane::of("acme", id)),
            "tenant/" => keys::tenant("acme"),
            _ => keys::subscriptions("acme"),
        };
        keep_changing(&world, prefix, key, 3_000);
        let begun_us = world.now_us.get();
        let error = change(&world, &config, id).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{name}: {error}");
        let took_ms = (world.now_us.get() - begun_us) / 1_000;
        assert!(
            (limits::SUBSCRIPTION_MS_MAX..limits::SUBSCRIPTION_MS_MAX + 3_000).contains(&took_ms),
            "{name}: {took_ms}"
        );
    }
}
