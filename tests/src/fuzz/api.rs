//! The management API: any method, path, query and body, one after the other on a store with something in it.
//!
//! An input is parts, each a request: `METHOD PATH?QUERY`, an empty line, the body. `{wh}` and `{msg}` in them stand for a
//! webhook and a message that are there; a first line that begins with `!` has no permission to manage.

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::{ApiRequest, ApiResponse, Caller, Config, MANAGE, handle, on_event};
use serde_json::Value;

use super::parts::{check_json, head_and_body, parts};
use super::world::{SECRET, World, config};

pub const WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "PATCH ",
    "DELETE ",
    "PUT ",
    "/webhooks",
    "/messages",
    "/event-types",
    "/{wh}",
    "/{msg}",
    "/attempts",
    "/redeliver",
    "/jobs",
    "/recover",
    "/replay",
    "/cancel",
    "/erase",
    "/settings",
    "/deliveries/{wh}",
    "/explain",
    "/payload",
    "\"keepBodies\":false",
    "\"subject\":",
    "{\"type\":\"asset\",\"id\":\"7\"}",
    "{\"since\":\"1970-01-01T00:00:00Z\"}",
    "/test",
    "/rotate-secret",
    "?limit=",
    "?cursor=",
    "&",
    "%2F",
    "%00",
    "%ff",
    "%",
    "\"url\":",
    "\"events\":",
    "\"secret\":",
    "\"headers\":{\"X-A\":\"v\"}",
    "\"schedule\":[",
    "\"timeoutMs\":",
    "\"isActive\":false",
    "\"format\":",
    "\"overlapS\":",
    "\"webhookId\":\"{wh}\"",
    "\"method\":\"GET\"",
    "\"name\":",
    "datagerry",
    "perscom",
    "https://a.example/",
    "\"*\"",
    "\"asset.*\"",
    "\"**\"",
    "\n===\n",
    "!",
    "whsec_",
    "\u{202e}",
    "\r\n",
];

pub fn run(input: &[u8]) -> bool {
    let mut is_taken = false;
    let (config, world, ids) = scene();
    for part in parts(input) {
        let (head, body) = head_and_body(&part);
        let (line, is_allowed) = head.strip_prefix('!').map_or((head, true), |rest| (rest, false));
        let named = |text: &str| text.replace("{wh}", &ids.0).replace("{msg}", &ids.1);
        let (method, target) = line.split_once(' ').unwrap_or((line, ""));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request =
            ApiRequest { method: method.to_owned(), path: named(path), query: named(query), body: named(body) };
        let response = call(&config, &world, &request, is_allowed);
        check(&request, &response, is_allowed);
        check_round_trip(&config, &world, &request, &response);
        if response.status < 400 {
            is_taken |= request.method != "GET";
            let delivered = world.deliver(&config);
            assert!(delivered.is_ok(), "what was accepted stops the worker: {delivered:?}");
        }
    }
    let stranger = Caller { tenant: "other".to_owned(), user: None, permissions: vec![MANAGE.to_owned()] };
    let request = ApiRequest { method: "GET".to_owned(), path: "/webhooks".to_owned(), ..ApiRequest::default() };
    let seen = handle(&world, &config, &request, &stranger).body;
    assert_eq!(seen, r#"{"data":[],"nextCursor":null}"#, "another tenant sees something");
    is_taken
}

/// A tenant with a webhook whose secret is known, and an event on its way.
fn scene() -> (Config, World, (String, String)) {
    let (config, world) = (config("standard"), World::new(MemoryStore::new()));
    let registration = format!(
        r#"{{"url":"https://hooks.example.com/in","events":["asset.*"],"secret":"{SECRET}","headers":{{"X-Key":"header-value-1"}}}}"#
    );
    let webhook = world.register(&config, "acme", Some("u1"), &registration);
    let event = r#"{"type":"asset.updated","id":"e1","subject":{"type":"asset","id":7},"data":{"a":1}}"#;
    let message = on_event(&world, &config, Some("acme"), event).expect("a good event").message_id;
    world.deliver(&config).expect("a world without faults");
    (config, world, (webhook, message))
}

fn call(config: &Config, world: &World, request: &ApiRequest, is_allowed: bool) -> ApiResponse {
    let permissions = if is_allowed { vec![MANAGE.to_owned()] } else { Vec::new() };
    let caller = Caller { tenant: "acme".to_owned(), user: Some("u1".to_owned()), permissions };
    world.call(|world| handle(world, config, request, &caller))
}

fn check(request: &ApiRequest, response: &ApiResponse, is_allowed: bool) {
    const STATUSES: [u16; 13] = [200, 201, 202, 204, 400, 403, 404, 405, 409, 413, 422, 429, 503];
    let ApiResponse { status, headers, body } = response;
    assert!(STATUSES.contains(status), "{status}: {body}");
    assert!(headers.iter().all(|(name, value)| is_header(name, value)), "{headers:?}");
    assert_eq!(body.is_empty(), *status == 204, "{status}: {body:?}");
    if *status == 204 {
        return;
    }
    let json = check_json(body);
    let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    if *status >= 400 {
        let json = json.unwrap_or_default();
        assert_eq!(content_type, Some("application/problem+json"));
        assert_eq!(json["status"].as_u64(), Some(u64::from(*status)));
        assert!(
            json["detail"].as_str().is_some_and(|detail| !detail.is_empty() && !detail.chars().any(char::is_control))
        );
        assert_eq!(*status == 422, json["field"].is_string() && *status == 422, "422 without a field: {body}");
        check_secrets(request, body);
    } else {
        assert_eq!(content_type, Some("application/json"));
    }
    assert!(!body.contains("header-value-1"), "a header's value is shown: {body}");
    assert!(!body.contains(SECRET) || request.body.contains(SECRET), "a secret is shown again: {body}");
    assert!(is_allowed || request.method == "GET" || *status >= 400, "done without the permission: {status}");
}

fn is_header(name: &str, value: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && value.bytes().all(|byte| (32..127).contains(&byte))
}

/// A refusal does not say again what was given as a secret, or as a header's value.
fn check_secrets(request: &ApiRequest, body: &str) {
    const TELLING_CHARS: usize = 8;
    let Ok(given) = serde_json::from_str::<Value>(&request.body) else { return };
    let mut secrets: Vec<&str> = given["secret"].as_str().into_iter().collect();
    secrets.extend(given["headers"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()));
    for secret in secrets {
        let elsewhere = request.method.contains(secret)
            || request.path.contains(secret)
            || request.query.contains(secret)
            || request.body.matches(secret).count() > 1
            || given.get("name").is_some_and(|name| name.as_str().is_some_and(|name| name.contains(secret)));
        let is_telling = secret.chars().count() >= TELLING_CHARS && secret.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(elsewhere || !is_telling || !body.contains(secret), "a refusal quotes a secret: {body}");
    }
}

/// Checks that a registered webhook is shown as it was returned.
fn check_round_trip(config: &Config, world: &World, request: &ApiRequest, response: &ApiResponse) {
    if response.status != 201 {
        return;
    }
    let made = check_json(&response.body).unwrap_or_default();
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap_or_default());
    let get = ApiRequest { method: "GET".to_owned(), path: path.clone(), ..ApiRequest::default() };
    let got = call(config, world, &get, true);
    assert_eq!(got.status, 200, "{}", got.body);
    let got = check_json(&got.body).unwrap_or_default();
    for (name, value) in got.as_object().into_iter().flatten() {
        assert_eq!(made.get(name), Some(value), "{name} of what was registered");
    }
    let given: Value = serde_json::from_str(&request.body).unwrap_or_default();
    assert_eq!(given["url"], got["url"]);
    // A change to what it is already is taken.
    let same = serde_json::json!({"url": got["url"], "events": got["events"], "name": got["name"]}).to_string();
    let patch = ApiRequest { method: "PATCH".to_owned(), path, query: String::new(), body: same };
    let patched = call(config, world, &patch, true);
    assert_eq!(patched.status, 200, "{}", patched.body);
}
