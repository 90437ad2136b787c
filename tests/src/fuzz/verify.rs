//! A receiver's side: any request is judged without harm, none is taken for genuine that is not, and what is signed here
//! always is.
//!
//! An input is a profile's name, headers a line each, an empty line, the body.

use hookwright_engine::profile::{HeaderValue, Profile, Signature};
use hookwright_engine::secret::Secret;
use hookwright_engine::verify::{Received, Verdict, event_type, recognise, verify};
use hookwright_engine::{sign, time};

use super::parts::head_and_body;
use super::world::{SECRET, START_US};

pub const WORDS: &[&str] = &[
    "standard\n",
    "datagerry\n",
    "perscom\n",
    "assetsup\n",
    "perfex-assets\n",
    "webhook-id: ",
    "webhook-timestamp: ",
    "webhook-signature: ",
    "v1,",
    "v1a,",
    " v1,",
    "sha256=",
    "Signature: ",
    "1738670407",
    "-1",
    "+1",
    "18446744073709551616",
    "==",
    "\n\n",
    "{\"type\":\"a\"}",
    "{\"data\":{\"event\":",
    "é",
];

const NOW_S: u64 = START_US / 1_000_000;

pub fn run(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let (head, body) = head_and_body(&text);
    let (name, lines) = head.split_once('\n').unwrap_or((head, ""));
    let profile = Profile::builtin(name).or_else(|| Profile::builtin("standard")).expect("built in");
    let secret = Secret::parse(profile, SECRET).expect("a secret for any profile");
    let headers = lines.lines().take(32).filter_map(|line| line.split_once(':'));
    let headers: Vec<(String, String)> = headers.map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned())).collect();
    let mut is_judged = false;
    for method in ["POST", "GET"] {
        let received = Received { method, query: body, headers: &headers, body: body.as_bytes() };
        is_judged |= judge(profile, &secret, &received);
    }
    check_own(profile, &secret, &headers, body);
    is_judged
}

/// Verifies a signature. Returns true if it was well-formed.
fn judge(profile: &Profile, secret: &Secret, received: &Received<'_>) -> bool {
    let verdict = verify(profile, std::slice::from_ref(secret), received, NOW_S, 300);
    let said = format!("{verdict} {verdict:?}");
    assert!(!said.contains(SECRET), "a verdict shows a secret");
    assert!(!verdict.word().is_empty());
    // Nobody who lacks the secret can write what verifies, and no input has been written by somebody who has it, but the
    // corpus's own.
    if let Verdict::Verified { secret: index } = verdict {
        assert_eq!(index, 0);
        let other = Secret::generate(profile, &mut |buffer| buffer.fill(9));
        assert_eq!(verify(profile, &[other], received, NOW_S, 300), Verdict::Mismatch, "any secret will do");
        let changed = [received.body, b" "].concat();
        let changed = Received { body: &changed, ..*received };
        assert_eq!(
            verify(profile, std::slice::from_ref(secret), &changed, NOW_S, 300),
            Verdict::Mismatch,
            "any body will do"
        );
    }
    assert_ne!(
        std::mem::discriminant(&verify(profile, &[], received, NOW_S, 300)),
        std::mem::discriminant(&Verdict::Verified { secret: 0 }),
        "verified without a secret"
    );
    let profiles: Vec<&Profile> = Profile::BUILTIN_NAMES.iter().filter_map(|name| Profile::builtin(name)).collect();
    if let Some(found) = recognise(&profiles, received) {
        let _ = event_type(found, received);
    }
    matches!(verdict, Verdict::Verified { .. } | Verdict::Mismatch | Verdict::Stale { .. })
}

/// Signs any body under any id, and checks that it verifies, and that it does not with another byte.
fn check_own(profile: &Profile, secret: &Secret, given: &[(String, String)], body: &str) {
    let id = given.iter().map(|(_, value)| value.as_str()).find(|value| !value.is_empty()).unwrap_or("msg_a");
    let value = |what: HeaderValue| match what {
        HeaderValue::MessageId => id.to_owned(),
        HeaderValue::AttemptSeconds => time::unix_seconds(START_US).to_string(),
        HeaderValue::Type => "asset.updated".to_owned(),
        HeaderValue::Signature => match &profile.signature {
            Signature::BodyHex { prefix } => format!("{prefix}{}", sign::body_hex(SECRET.as_bytes(), body)),
            Signature::StandardWebhooks => sign::standard_v1(b"secret-secret-secret-secret-1234", id, NOW_S, body),
        },
    };
    let headers: Vec<(String, String)> =
        profile.headers.iter().map(|header| (header.name.to_uppercase(), value(header.value))).collect();
    let received = Received { method: "POST", query: "", headers: &headers, body: body.as_bytes() };
    let secrets = std::slice::from_ref(secret);
    assert_eq!(verify(profile, secrets, &received, NOW_S, 300), Verdict::Verified { secret: 0 }, "our own signature");
    let changed = format!("{body}x");
    let changed = Received { body: changed.as_bytes(), ..received };
    assert_eq!(verify(profile, secrets, &changed, NOW_S, 300), Verdict::Mismatch, "a longer body");
}
