//! Verdicts on signatures, and recognition of requests.

use super::*;

const NOW_S: u64 = 1_738_670_407;
const WHSEC: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &[u8] = br#"{"type":"a.b"}"#;

fn secrets(profile: &Profile, texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::parse(profile, text).unwrap()).collect()
}

/// Header by header: its name, and its value.
fn check(profile: &str, texts: &[&str], method: &str, headers: &[(&str, &str)], verdict: &str) {
    let profile = Profile::builtin(profile).unwrap();
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let received = Received { method, query: "", headers: &headers, body: BODY };
    let found = verify(profile, &secrets(profile, texts), &received, NOW_S, limits::TIMESTAMP_TOLERANCE_S);
    assert!(found.to_string().starts_with(verdict), "{}: {headers:?}: {found} instead of {verdict}", profile.name);
    let printed = format!("{found} {found:?}");
    assert!(texts.iter().all(|text| !printed.contains(text)), "a secret is in {printed}");
}

#[test]
fn a_signature_of_the_body_has_its_verdict() {
    let body = std::str::from_utf8(BODY).unwrap();
    let right = sign::body_hex(b"r1ght", body);
    let prefixed = format!("sha256={right}");
    for (profile, header, value) in [
        ("perfex-assets", "x-asset-webhook-SIGNATURE", right.as_str()),
        ("perscom", "signature", &right),
        ("assetsup", "X-AssetsUp-Signature", &prefixed),
    ] {
        check(profile, &["r1ght"], "POST", &[(header, value)], "verified");
        check(profile, &["0ld", "r1ght"], "POST", &[("x", "y"), (header, value)], "verified");
        check(profile, &["wr0ng"], "POST", &[(header, value)], "wrong");
        check(profile, &[], "POST", &[(header, value)], "unverifiable: there is no secret");
        check(profile, &["r1ght"], "GET", &[(header, value)], "unverifiable: the signature of a GET");
        check(profile, &["r1ght"], "GET", &[], "not signed");
        check(profile, &["r1ght"], "POST", &[], "not signed: there is no header");
        check(profile, &["r1ght"], "POST", &[(header, value), (header, value)], "malformed: the header");
        check(profile, &["r1ght"], "POST", &[(header, "")], "malformed");
        check(profile, &["r1ght"], "POST", &[(header, &value[..value.len() - 2])], "malformed");
        check(profile, &["r1ght"], "POST", &[(header, &value.to_uppercase())], "malformed");
        check(profile, &["r1ght"], "POST", &[(header, &value.replace(char::is_numeric, "g"))], "malformed");
    }
    check(
        "assetsup",
        &["r1ght"],
        "POST",
        &[("X-AssetsUp-Signature", &right)],
        "malformed: the header X-AssetsUp-Signature lacks",
    );
}

#[test]
fn a_signature_of_standard_webhooks_has_its_verdict() {
    let key = Secret::parse(Profile::builtin("standard").unwrap(), WHSEC).unwrap();
    let body = std::str::from_utf8(BODY).unwrap();
    let other = format!("whsec_{}", Base64::encode_string(&[9; 24]));
    let row = |at_s: u64, id: &str, verdict: &str| {
        let signature = sign::standard_v1(key.key(), "msg_1", at_s, body);
        let at = at_s.to_string();
        let headers = [("Webhook-Id", id), ("webhook-timestamp", at.as_str()), ("webhook-signature", &signature)];
        for profile in ["standard", "datagerry"] {
            check(profile, &[&other, WHSEC], "POST", &headers, verdict);
        }
        check("standard", &[&other], "POST", &headers, "wrong");
        let listed = format!("v1a,AAAA v1,AAAA {signature}");
        check("standard", &[WHSEC], "POST", &[headers[0], headers[1], ("webhook-signature", &listed)], verdict);
    };
    row(NOW_S, "msg_1", "verified");
    row(NOW_S - 300, "msg_1", "verified");
    row(NOW_S + 300, "msg_1", "verified");
    row(NOW_S - 301, "msg_1", "stale: signed 301 seconds ago");
    row(NOW_S + 301, "msg_1", "stale: signed 301 seconds ahead");
    row(NOW_S, "msg_2", "wrong");
    // A stranger's signature is wrong however old it is.
    row(NOW_S - 301, "msg_2", "wrong");

    let signature = sign::standard_v1(key.key(), "msg_1", NOW_S, body);
    let at = NOW_S.to_string();
    let (id, at, signature) =
        (("webhook-id", "msg_1"), ("webhook-timestamp", at.as_str()), ("webhook-signature", signature.as_str()));
    let many = [signature.1; limits::LIVE_SECRETS_MAX + 1].join(" ");
    let rows: [(&[(&str, &str)], &str); 10] = [
        (&[id, at], "not signed: there is no header webhook-signature"),
        (&[id, signature], "not signed: there is no header webhook-timestamp"),
        (&[at, signature], "not signed: there is no header webhook-id"),
        (&[id, ("webhook-timestamp", "+1738670407"), signature], "malformed: the header webhook-timestamp"),
        (&[id, ("webhook-timestamp", "99999999999999999999"), signature], "malformed: the header webhook-timestamp"),
        (&[id, ("webhook-timestamp", "01738670407"), signature], "wrong"),
        (&[id, at, ("webhook-signature", "v2,AAAA")], "malformed: the header webhook-signature has no"),
        (&[id, at, ("webhook-signature", "v1,*")], "malformed: the header webhook-signature has a"),
        (&[id, at, ("webhook-signature", "v1,")], "wrong"),
        (&[id, at, ("webhook-signature", &many)], "malformed: the header webhook-signature has more"),
    ];
    for (headers, verdict) in rows {
        check("standard", &[WHSEC], "POST", headers, verdict);
    }
    check("standard", &[WHSEC], "GET", &[id, at, signature], "unverifiable: the signature of a GET");
    check("standard", &[], "POST", &[id, at, signature], "unverifiable: there is no secret");
}

#[test]
fn a_time_in_the_far_future_is_stale() {
    let profile = Profile::builtin("standard").unwrap();
    let at_s = u64::MAX;
    let signature = sign::standard_v1(Secret::parse(profile, WHSEC).unwrap().key(), "m", at_s, "");
    let headers =
        [("webhook-id", "m".to_owned()), ("webhook-timestamp", at_s.to_string()), ("webhook-signature", signature)]
            .map(|(name, value)| (name.to_owned(), value));
    let received = Received { method: "POST", query: "", headers: &headers, body: b"" };
    let verdict = verify(profile, &secrets(profile, &[WHSEC]), &received, 0, 300);
    assert_eq!(verdict, Verdict::Stale { age_s: -i64::MAX });
    assert_eq!(verdict.word(), "stale");
}

#[test]
fn a_request_is_recognised_by_its_headers() {
    let profiles: Vec<&Profile> = Profile::BUILTIN_NAMES.iter().map(|name| Profile::builtin(name).unwrap()).collect();
    let standard = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a str, Option<(&'a str, Option<&'a str>)>);
    let rows: [Row<'_>; 10] = [
        ("POST", &standard, "", r#"{"type":"a.b"}"#, Some(("standard", Some("a.b")))),
        ("POST", &standard, "", r#"{"operation":"CREATE"}"#, Some(("datagerry", Some("CREATE")))),
        ("POST", &standard, "", "no JSON", Some(("standard", None))),
        ("POST", &["Signature"], "", r#"{"event":"user.created"}"#, Some(("perscom", Some("user.created")))),
        ("GET", &["Signature"], "event=user%2Ecreated&x", "", Some(("perscom", Some("user.created")))),
        ("POST", &["X-AssetsUp-Signature"], "", r#"{"event":"LOW_STOCK"}"#, Some(("assetsup", Some("LOW_STOCK")))),
        ("POST", &["x-asset-webhook-event"], "", r#"{"event":"other"}"#, Some(("perfex-assets", Some("value")))),
        ("POST", &["X-Asset-Webhook-Timestamp"], "", "{}", Some(("perfex-assets", None))),
        ("POST", &["content-type"], "", r#"{"event":"a"}"#, None),
        ("POST", &["signature"], "", r#"{"event":7}"#, Some(("perscom", None))),
    ];
    for (method, names, query, body, expected) in rows {
        let headers: Vec<_> = names.iter().map(|name| ((*name).to_owned(), "value".to_owned())).collect();
        let received = Received { method, query, headers: &headers, body: body.as_bytes() };
        let profile = recognise(&profiles, &received);
        let found = profile.map(|profile| (profile.name.as_str(), event_type(profile, &received)));
        let expected = expected.map(|(name, event_type)| (name, event_type.map(str::to_owned)));
        assert_eq!(found, expected, "{names:?} {body}");
    }
}

#[test]
fn a_profile_is_given_as_a_name_or_a_document() {
    let own = Profile::builtin_text("datagerry").unwrap();
    let received = Received { method: "POST", query: "", headers: &[], body: b"{}" };
    let secrets = [WHSEC.to_owned()];
    let named = verify_by("datagerry", &secrets, &received, NOW_S, None).unwrap();
    assert_eq!(named, verify_by(own, &secrets, &received, NOW_S, None).unwrap());
    assert!(matches!(named, Verdict::Missing { .. }), "{named}");
    let error = verify_by("svix", &secrets, &received, NOW_S, None).unwrap_err();
    assert!(error.field.as_deref() == Some("profile") && error.to_string().contains("`svix`"), "{error}");
    assert!(error.to_string().contains("datagerry"), "{error}");
}

#[test]
fn debug_of_a_received_request_prints_no_credential() {
    let headers = vec![("Authorization".to_owned(), "Bearer geheim".to_owned())];
    let received = Received { method: "POST", query: "token=geheim", headers: &headers, body: b"geheim" };
    let expected = r#"Received { method: "POST", headers: ["Authorization"], .. }"#;
    assert_eq!(format!("{received:?}"), expected);
}
