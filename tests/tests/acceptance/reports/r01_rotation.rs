//! Rotations: which secret signs when, and what the response states.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_engine::time;
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use super::responder::{Reply, Request, Responder};
use crate::acceptance::client::{Client, Webhook};
use crate::acceptance::serve::{Serve, TOKEN, store};
use crate::acceptance::until;

const NAMES: [&str; 3] = ["old", "middle", "new"];
const SHOP: &str = r#"{"name": "shop", "letterCase": "exact", "style": "compact",
    "payload": [{"name": "type", "from": ["type"]}],
    "headers": [{"name": "X-Shop-Signature", "value": "signature"}],
    "signature": {"scheme": "body-hex", "prefix": "v1:"}, "secretAbsent": "make", "unsigned": "allow",
    "scheduleS": [3], "jitterPercent": 0, "timeoutMs": 3000, "success": [200, 299], "methods": ["POST"],
    "test": {"type": "test"}}"#;
/// The tolerance for a busy machine, in microseconds.
const TOLERANCE_US: u64 = 900_000;

#[test]
fn old_secret_verifies_until_the_stated_time() {
    let folder = TempDir::new().unwrap();
    let profile = folder.path().join("shop.json");
    std::fs::write(&profile, SHOP).unwrap();
    let (store, profile) = (store(folder.path()), profile.display().to_string());
    let options = ["--store", &store, "--profile-file", &profile, "--token", TOKEN];
    let serve = Serve::start_with(&[&options[..], &["--allow-destination", "127.0.0.0/8"]].concat()).unwrap();
    let cases = super::cases("01-rotation");
    std::thread::scope(|scope| {
        for (index, case) in cases.iter().enumerate() {
            let client = serve.of(&format!("tenant-{index}"));
            scope.spawn(move || Case::of(case, client).run());
        }
    });
}

/// A row on its way.
struct Case<'a> {
    row: &'a Value,
    client: Client,
    receiver: Responder,
    webhook: Webhook,
    format: String,
}

impl<'a> Case<'a> {
    fn of(row: &'a Value, client: Client) -> Case<'a> {
        let format = row["format"].as_str().unwrap().to_owned();
        let fails_first = row["steps"].as_array().unwrap().iter().any(|step| step["event"] == true);
        let statuses: &[u16] = if fails_first { &[500, 200] } else { &[200] };
        let replies = statuses.iter().map(|&status| Reply { status, headers: Vec::new() });
        let receiver = Responder::start(replies.collect());
        let secret = row["secret"].as_str().map_or_else(|| secret(&format, "old"), str::to_owned);
        let webhook = client.register(&json!({
            "url": receiver.url(), "events": ["*"], "format": format, "secret": secret, "schedule": [3],
        }));
        Case { row, client, receiver, webhook, format }
    }

    fn run(mut self) {
        let name = &self.row["name"];
        for step in self.row["steps"].as_array().unwrap() {
            if let Some(body) = step.get("rotate") {
                self.rotate(body, step["newSignsIn"].as_u64().unwrap());
            } else if let Some(seconds) = step["pass"].as_f64() {
                std::thread::sleep(Duration::from_secs_f64(seconds));
            } else if let Some(expected) = step.get("signedBy") {
                let before = self.receiver.requests().len();
                assert_eq!(self.client.test(&self.webhook.id)["state"], "delivered", "{name}");
                assert_eq!(&self.signers(&self.receiver.requests()[before]), expected, "{name}: {step}");
            } else if step["event"] == true {
                self.client.accept(&json!({"type": self.row["type"]}));
                self.client.wait_for_attempts(&self.webhook.id, 1);
            } else if let Some(expected) = step.get("retrySignedBy") {
                let retry = until("the retry", || self.receiver.requests().get(1).cloned());
                assert_eq!(&self.signers(&retry), expected, "{name}: {step}");
            } else {
                self.change(&step["patch"]);
            }
        }
    }

    /// Rotates the secret. The new one signs after this number of seconds, as the response and the webhook say.
    fn rotate(&self, body: &Value, new_signs_in_s: u64) {
        let mut body = body.clone();
        body["secret"] = secret(&self.format, body["secret"].as_str().unwrap()).into();
        let path = format!("{}/rotate-secret", self.webhook.path);
        let begun_us = now_us();
        let answer = self.client.call("POST", &path, &body.to_string()).expect(200).json();
        let from_us = time::parse(answer["newSecretSignsFrom"].as_str().unwrap()).unwrap();
        let off_us = from_us.abs_diff(begun_us + new_signs_in_s * 1_000_000);
        assert!(off_us <= TOLERANCE_US, "{}: {answer}", self.row["name"]);
        let shown = self.client.get(&self.webhook.path);
        let under_way = answer["oldSecretSignsUntil"].is_string();
        assert_eq!(shown["newSecretSignsFrom"] == answer["newSecretSignsFrom"], under_way, "{shown}");
        assert!(!shown.to_string().contains(body["secret"].as_str().unwrap()), "the secret is shown: {shown}");
    }

    fn change(&mut self, changes: &Value) {
        let mut changes = changes.clone();
        if let Some(name) = changes["secret"].as_str().filter(|name| !name.is_empty()) {
            changes["secret"] = secret(&self.format, name).into();
        }
        let shown = self.client.update(&self.webhook.id, &changes);
        self.format = shown["format"].as_str().unwrap().to_owned();
    }

    /// Returns the names of the secrets that have signed a request, in the order of the header.
    fn signers(&self, request: &Request) -> Value {
        let (header, prefix) = match self.format.as_str() {
            "perscom" => ("Signature", ""),
            "perfex-assets" => ("X-Asset-Webhook-Signature", ""),
            "assetsup" => ("X-AssetsUp-Signature", "sha256="),
            "shop" => ("X-Shop-Signature", "v1:"),
            _ => ("webhook-signature", ""),
        };
        let Some(signatures) = request.header(header) else { return json!([]) };
        let signer = |signature: &str| {
            let made_it = |name: &&&str| self.signature(request, name, prefix) == signature;
            *NAMES.iter().find(made_it).unwrap_or_else(|| panic!("{}: {signature} is of none", self.row["name"]))
        };
        signatures.split(' ').map(signer).collect()
    }

    fn signature(&self, request: &Request, name: &str, prefix: &str) -> String {
        let secret = secret(&self.format, name);
        match request.header("webhook-id").zip(request.header("webhook-timestamp")) {
            Some((id, timestamp)) => {
                let signed = [format!("{id}.{timestamp}.").as_bytes(), &request.body].concat();
                let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
                format!("v1,{}", STANDARD.encode(hmac(&key, &signed)))
            }
            None => format!("{prefix}{}", hex::encode(hmac(secret.as_bytes(), &request.body))),
        }
    }
}

/// Returns the text of a secret of this name.
fn secret(format: &str, name: &str) -> String {
    match format {
        "standard" | "datagerry" => format!("whsec_{}", STANDARD.encode(format!("{name:*>32}"))),
        _ => format!("the {name} secret"),
    }
}

fn hmac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

fn now_us() -> u64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since_1970.as_micros()).unwrap()
}
