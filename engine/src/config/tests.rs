//! Profiles that a host configures.

use crate::testing::*;
use crate::*;

#[test]
fn a_configured_profile_serves_webhooks_while_it_is_configured() {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let shop = profile::Profile::builtin_text("assetsup").unwrap().replace("\"assetsup\"", "\"shop\"");
    let settings = |profile: &str, profiles: &[&str]| {
        let profiles = profiles.iter().map(|text| (*text).to_owned()).collect();
        let sealing_keys = vec![key.clone()];
        Config::new(&Settings { profile: profile.to_owned(), profiles, sealing_keys, ..Settings::default() })
    };
    let config = settings("shop", &[&shop]).unwrap();
    assert_eq!(config.profile().name, "shop");
    assert_eq!(config.format("format", "perscom").unwrap().name, "perscom");
    let refused = |profile: &str, profiles: &[&str], told: &str| {
        let error = settings(profile, profiles).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    };
    refused("shop", &[], "profile: there is no profile `shop` (the profiles are standard,");
    refused("standard", &[&shop, &shop], "profiles[1].name: there is a profile `shop` already");
    refused("standard", &[&shop.replace("\"shop\"", "\"perscom\"")], "profiles[0].name: there is a profile `perscom`");
    refused(
        "standard",
        &[&shop.replace("10000", "1")],
        "profiles[0].timeoutMs: line 23, column 3: must be a whole number",
    );
    refused("standard", &["{\n  \"name\": }"], "not JSON at line 2, column 11");
    refused("standard", &[shop.as_str(); 33], "profiles: has 33 profiles; 32 are allowed");
    let world = World::new(&[]);
    let registration = r#"{"url":"https://example.com/","events":["LOW_STOCK"],"secret":"s3cret-s3cret"}"#;
    register(&world, &config, "a", None, registration).unwrap();
    on_event(&world, &config, Some("a"), r#"{"type":"LOW_STOCK"}"#).unwrap();
    // Without the profile the webhook waits, and is served when it is there again.
    assert_eq!(world.deliver(&settings("assetsup", &[]).unwrap()).attempts, 0);
    world.now_us.set(world.now_us.get() + 61_000_000);
    assert_eq!(world.deliver(&config).delivered, 1);
    assert!(world.requests.borrow()[0].headers.iter().any(|(name, _)| name == "X-AssetsUp-Signature"));
}
