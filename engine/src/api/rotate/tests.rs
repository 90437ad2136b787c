//! Tests of rotations where a request has room for one signature, and of what the answer states.

use serde_json::Value;

use crate::ports::Clock;
use crate::profile::sign;
use crate::support::time::rfc3339_millis;
use crate::testing::*;
use crate::*;

fn config_of(profile: &str) -> Config {
    Config::new(&Settings { profile: profile.to_owned(), ..settings() }).unwrap()
}

fn rotated(world: &World, config: &Config, webhook: &str, secret: &str, overlap_s: u32) -> Value {
    let shown = rotate_secret(world, config, "acme", webhook, Some(secret), Some(overlap_s)).unwrap();
    serde_json::from_str(&shown).unwrap()
}

/// Returns the secret that has signed the last request.
fn signed_by<'a>(world: &World, header: &str, prefix: &str, secrets: &[&'a str]) -> &'a str {
    let requests = world.requests.borrow();
    let request = requests.last().unwrap();
    let found = request.headers.iter().find(|(name, _)| name == header).map(|(_, value)| value.as_str());
    let body = request.body.as_deref().unwrap();
    let signs = |secret: &&str| found == Some(&format!("{prefix}{}", sign::body_hex(secret.as_bytes(), body)));
    secrets.iter().copied().find(signs).unwrap_or_else(|| panic!("none has signed {found:?}"))
}

fn after_s(world: &World, seconds: u64) -> String {
    rfc3339_millis(world.now_us() + seconds * 1_000_000)
}

#[test]
fn old_secret_signs_alone_until_the_stated_time() {
    for (profile, header, prefix, event_type) in [
        ("perscom", "Signature", "", "user.created"),
        ("perfex-assets", "X-Asset-Webhook-Signature", "", "asset.created"),
        ("assetsup", "X-AssetsUp-Signature", "sha256=", "LOW_STOCK"),
    ] {
        let (world, config) = (World::new(&[500]), config_of(profile));
        let webhook = registered(&world, &config, r#""secret":"old","schedule":[1000]"#);
        on_event(&world, &config, Some("acme"), &format!(r#"{{"type":"{event_type}"}}"#)).unwrap();
        assert_eq!(world.deliver(&config).attempts, 1, "{profile}");
        let signer = || signed_by(&world, header, prefix, &["old", "new"]);
        assert_eq!(signer(), "old");
        let (switch, now) = (after_s(&world, 600), world.now_us());
        let answer = rotated(&world, &config, &webhook, "new", 600);
        assert_eq!((&answer["secret"], &answer["newSecretSignsFrom"]), (&"new".into(), &switch.as_str().into()));
        assert_eq!(answer["oldSecretSignsUntil"], switch, "{profile}");
        for (at_s, expected) in [(0, "old"), (599, "old"), (600, "new"), (900, "new")] {
            world.now_us.set(now + at_s * 1_000_000);
            world.begun_us.set(world.now_us());
            test_webhook(&world, &config, "acme", &webhook, None).unwrap();
            assert_eq!(signer(), expected, "{profile} after {at_s} s");
            let view = shown(&world, &config, &webhook);
            let under_way = if at_s < 600 { Value::from(switch.as_str()) } else { Value::Null };
            assert_eq!((&view["newSecretSignsFrom"], &view["oldSecretSignsUntil"]), (&under_way, &under_way));
        }
        // The retry of an attempt that was made before the rotation.
        world.now_us.set(now + 1_200_000_000);
        assert_eq!((world.deliver(&config).delivered, signer()), (1, "new"), "{profile}");
    }
}

#[test]
fn retry_within_the_overlap_is_signed_by_the_old_secret() {
    let (world, config) = (World::new(&[500, 500]), config_of("perscom"));
    let webhook = registered(&world, &config, r#""secret":"old","schedule":[10,1000]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"user.created"}"#).unwrap();
    world.deliver(&config);
    rotated(&world, &config, &webhook, "new", 600);
    for (expected, pass_s) in [("old", 11), ("new", 1_001)] {
        world.now_us.set(world.now_us() + pass_s * 1_000_000);
        assert_eq!(world.deliver(&config).attempts, 1);
        assert_eq!(signed_by(&world, "Signature", "", &["old", "new"]), expected);
    }
}

#[test]
fn leased_lane_switches_at_the_stated_time_without_another_read() {
    let (world, config) = (World::new(&[200, 500]), config_of("perscom"));
    let webhook = registered(&world, &config, r#""secret":"old","schedule":[1]"#);
    rotated(&world, &config, &webhook, "new", 1);
    on_event(&world, &config, Some("acme"), r#"{"type":"user.created"}"#).unwrap();
    // The receiver responds after the overlap, and the retry is sent in the same run.
    world.silent_until_us.set(world.now_us() + 1_500_000);
    world.deliver(&config);
    assert_eq!(signed_by(&world, "Signature", "", &["old", "new"]), "old");
    on_event(&world, &config, Some("acme"), r#"{"type":"user.created"}"#).unwrap();
    world.deliver(&config);
    assert_eq!(signed_by(&world, "Signature", "", &["old", "new"]), "new");
}

#[test]
fn second_rotation_keeps_what_the_first_has_stated() {
    let (world, config) = (World::new(&[]), config_of("perscom"));
    let webhook = registered(&world, &config, r#""secret":"old""#);
    let now = world.now_us();
    let first = rotated(&world, &config, &webhook, "middle", 100);
    world.now_us.set(now + 50_000_000);
    let second = rotated(&world, &config, &webhook, "new", 100);
    assert_eq!(first["newSecretSignsFrom"], rfc3339_millis(now + 100_000_000));
    assert_eq!(second["newSecretSignsFrom"], rfc3339_millis(now + 150_000_000));
    for (at_s, expected) in [(60, "old"), (99, "old"), (100, "middle"), (149, "middle"), (150, "new")] {
        world.now_us.set(now + at_s * 1_000_000);
        test_webhook(&world, &config, "acme", &webhook, None).unwrap();
        assert_eq!(signed_by(&world, "Signature", "", &["old", "middle", "new"]), expected, "after {at_s} s");
    }
}

#[test]
fn shorter_second_rotation_replaces_a_secret_that_never_signed() {
    let (world, config) = (World::new(&[]), config_of("perscom"));
    let webhook = registered(&world, &config, r#""secret":"old""#);
    let switch = rotated(&world, &config, &webhook, "middle", 600)["newSecretSignsFrom"].clone();
    for number in 0..20 {
        let secret = format!("new{number}");
        assert_eq!(rotated(&world, &config, &webhook, &secret, 60)["newSecretSignsFrom"], switch);
    }
    world.now_us.set(world.now_us() + 600_000_000);
    world.begun_us.set(world.now_us());
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    assert_eq!(signed_by(&world, "Signature", "", &["old", "middle", "new19"]), "new19");
}

#[test]
fn rotation_without_overlap_switches_at_once() {
    let (world, config) = (World::new(&[]), config_of("perscom"));
    let webhook = registered(&world, &config, r#""secret":"old""#);
    rotated(&world, &config, &webhook, "middle", 600);
    let answer = rotated(&world, &config, &webhook, "new", 0);
    assert_eq!(answer["newSecretSignsFrom"], after_s(&world, 0));
    assert_eq!(answer["oldSecretSignsUntil"], Value::Null);
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    assert_eq!(signed_by(&world, "Signature", "", &["old", "middle", "new"]), "new");
}

#[test]
fn several_signatures_have_the_new_secret_from_now_on() {
    let (world, config) = (World::new(&[]), config_of("standard"));
    let webhook = registered(&world, &config, r#""name":"n""#);
    let answer = rotate_secret(&world, &config, "acme", &webhook, None, None).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["newSecretSignsFrom"], after_s(&world, 0));
    assert_eq!(answer["oldSecretSignsUntil"], after_s(&world, 86_400));
}

#[test]
fn change_of_the_format_applies_the_rule_of_the_new_one() {
    let (world, config) = (World::new(&[]), config_of("standard"));
    let webhook = registered(&world, &config, r#""name":"n""#);
    rotate_secret(&world, &config, "acme", &webhook, None, Some(600)).unwrap();
    let until = shown(&world, &config, &webhook)["oldSecretSignsUntil"].clone();
    let single = update(&world, &config, "acme", &webhook, r#"{"format":"perfex-assets"}"#).unwrap();
    let single: Value = serde_json::from_str(&single).unwrap();
    assert_eq!((&single["newSecretSignsFrom"], &single["oldSecretSignsUntil"]), (&until, &until));
}

#[test]
fn unsigned_webhook_signs_from_the_rotation_on() {
    let (world, config) = (World::new(&[]), config_of("perfex-assets"));
    let webhook = registered(&world, &config, r#""secret":"""#);
    let answer = rotated(&world, &config, &webhook, "new", 600);
    assert_eq!(answer["newSecretSignsFrom"], after_s(&world, 0));
    assert_eq!(answer["oldSecretSignsUntil"], Value::Null);
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    assert_eq!(signed_by(&world, "X-Asset-Webhook-Signature", "", &["new"]), "new");
    // A rotation never makes a webhook unsigned; a change does, at once.
    let error = rotate_secret(&world, &config, "acme", &webhook, Some(""), None).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("secret"));
    assert!(error.hint.as_ref().unwrap().contains("change the webhook"));
    rotated(&world, &config, &webhook, "newer", 600);
    update(&world, &config, "acme", &webhook, r#"{"secret":""}"#).unwrap();
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    let requests = world.requests.borrow();
    assert!(requests.last().unwrap().headers.iter().all(|(name, _)| name != "X-Asset-Webhook-Signature"));
    assert_eq!(shown(&world, &config, &webhook)["newSecretSignsFrom"], Value::Null);
}

#[test]
fn change_of_the_secret_replaces_all_at_once() {
    let (world, config) = (World::new(&[]), config_of("perscom"));
    let webhook = registered(&world, &config, r#""secret":"old""#);
    rotated(&world, &config, &webhook, "middle", 600);
    update(&world, &config, "acme", &webhook, r#"{"secret":"new"}"#).unwrap();
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    assert_eq!(signed_by(&world, "Signature", "", &["old", "middle", "new"]), "new");
}

#[test]
fn too_many_secrets_that_still_sign_are_refused_with_the_mend() {
    let (world, config) = (World::new(&[]), config_of("standard"));
    let webhook = registered(&world, &config, r#""name":"n""#);
    for _ in 0..9 {
        rotate_secret(&world, &config, "acme", &webhook, None, Some(604_800)).unwrap();
    }
    let error = rotate_secret(&world, &config, "acme", &webhook, None, Some(604_800)).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Conflict, "10 earlier secrets still sign"));
    rotate_secret(&world, &config, "acme", &webhook, None, Some(0)).unwrap();
}
