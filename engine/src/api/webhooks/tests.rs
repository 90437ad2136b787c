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
    assert_eq!(test_webhook(&world, &strict, "a", webhook).unwrap_err().kind, ErrorKind::Conflict);
    on_event(&world, &strict, Some("a"), r#"{"type":"x"}"#).unwrap();
    assert_eq!(world.deliver(&strict).attempts, 0);
    let page = attempts(&world, &strict, "a", webhook, None, 10).unwrap();
    assert!(page.contains("\"state\":\"skipped\"") && page.contains("only https is allowed"), "{page}");
    assert!(world.requests.borrow().is_empty());
}
