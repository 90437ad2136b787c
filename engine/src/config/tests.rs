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

/// One row: the `User-Agent` of a webhook's requests, by the host's option, the profile of its format and the platform's.
fn user_agent(option: Option<&str>, format: Option<&str>, platform: Option<&str>, expected: Option<&str>) {
    let named = |name: &str, user_agent: Option<&str>| {
        let member = user_agent.map(|text| format!("\"userAgent\":\"{text}\",")).unwrap_or_default();
        let text = profile::Profile::builtin_text("assetsup").unwrap();
        text.replace("\"assetsup\",", &format!("\"{name}\",{member}"))
    };
    let config = Config::new(&Settings {
        profile: "own".to_owned(),
        profiles: vec![named("own", platform), named("other", format)],
        sealing_keys: vec![SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) }],
        user_agent: option.map(str::to_owned),
        ..Settings::default()
    });
    let format = config.unwrap().format("format", "other").unwrap();
    assert_eq!(format.user_agent.as_deref(), expected, "{option:?} {platform:?}");
}

#[test]
fn user_agent_is_the_hosts_the_formats_or_the_platforms() {
    user_agent(None, None, None, None);
    user_agent(None, None, Some("Platform/1"), Some("Platform/1"));
    user_agent(None, Some("Format/1"), Some("Platform/1"), Some("Format/1"));
    user_agent(Some("Host/1"), Some("Format/1"), Some("Platform/1"), Some("Host/1"));
    user_agent(Some("Host/1"), None, None, Some("Host/1"));
}

#[test]
fn user_agent_that_is_no_header_text_is_refused() {
    let longest = "a".repeat(256);
    let with = |text: &str| {
        let sealing_keys = vec![SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) }];
        Config::new(&Settings { sealing_keys, user_agent: Some(text.to_owned()), ..Settings::default() })
    };
    for text in ["Shop/1.0", "Shop/1.0 (+https://shop.example)", longest.as_str()] {
        assert!(with(text).is_ok(), "{text}");
    }
    let too_long = "a".repeat(257);
    for text in ["", " ", " a", "a ", "a  b", "a\tb", "a\r\nX: y", "caf\u{e9}", "a\u{7f}", too_long.as_str()] {
        let error = with(text).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("userAgent"), "{text:?}");
        assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("visible ASCII")), "{text:?}: {error}");
    }
}
