//! Messages sent again, and what a platform may set: its own dialect, `https` alone, how many webhooks a tenant has.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::raw::RawReceiver;
use super::serve::{Serve, TOKEN, store};
use super::{binary, check_members};

#[test]
fn a_message_is_sent_again_with_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let raw = RawReceiver::start();
    let webhook = serve.register(&json!({"url": raw.url("/a"), "events": ["invoice.*"], "schedule": [3600]}));
    let id = webhook.id.as_str();
    let event = r#"{"type":"invoice.paid","data":{"b":1E5,"a":"é/","c":[]}}"#;
    let answer = serve.call("POST", "/events", event).expect(202).json();
    let message = answer["messageIds"][0].as_str().unwrap().to_owned();
    let first = raw.next();
    let (id_header, body) = (first.header("webhook-id").unwrap().to_owned(), first.body.clone());
    first.answer(500);
    serve.wait_for_attempts(id, 1);

    // The next attempt would be in an hour; asked for, it is made now, once.
    let again = format!("/messages/{message}/redeliver");
    let body_of_call = json!({"webhookId": id}).to_string();
    let answer = serve.call("POST", &again, &body_of_call).expect(202).json();
    assert_eq!(answer, json!({"messageId": message, "webhookIds": [id]}));
    let second = raw.next();
    assert_eq!((second.header("webhook-id"), &second.body), (Some(id_header.as_str()), &body));
    second.answer(200);
    serve.wait_for_attempts(id, 2);
    // Of all that subscribe to it now: those that came later too.
    let later = serve.register(&json!({"url": raw.url("/b"), "events": ["*"]})).id;
    serve.register(&json!({"url": raw.url("/c"), "events": ["*"], "isActive": false}));
    serve.register(&json!({"url": raw.url("/d"), "events": ["user.created"]}));
    let answer = serve.call("POST", &again, "").expect(202).json();
    let mut ids = answer["webhookIds"].as_array().unwrap().clone();
    ids.sort_by_key(|other| *other != *id);
    assert_eq!(ids, [json!(id), json!(later)]);
    let mut targets = Vec::new();
    for _ in 0..2 {
        let request = raw.next();
        assert_eq!(request.body, body);
        targets.push(request.target.clone());
        request.answer(200);
    }
    targets.sort_unstable();
    assert_eq!(targets, ["/a", "/b"]);
    let attempts = serve.wait_for_attempts(id, 3);
    let numbers: Vec<&Value> = attempts.iter().map(|attempt| &attempt["number"]).collect();
    assert_eq!(numbers, [3, 2, 1]);
    serve.wait_for_attempts(&later, 1);

    let path = format!("/messages/{message}/attempts");
    let all = serve.get(&path);
    let times: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|attempt| attempt["at"].as_str().unwrap()).collect();
    assert_eq!((times.len(), times.is_sorted_by(|a, b| a >= b)), (4, true), "{all}");
    assert_eq!(serve.message(&message)["attempts"], all["data"]);
    let mut pages: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = serve.get(&format!("{path}?limit=3{cursor}"));
        pages.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={}", next.replace('/', "%2F"));
    }
    assert_eq!(Value::from(pages), all["data"]);
}

#[test]
fn redelivery_to_an_inactive_or_unknown_webhook_is_refused() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let id = webhook.id.as_str();
    let message = serve.accept(&json!({"type": "a"}));
    serve.wait_for_attempts(id, 1);
    let path = format!("/messages/{message}/redeliver");
    serve.update(id, &json!({"isActive":false}));
    let one = json!({"webhookId": id}).to_string();
    serve.call("POST", &path, &one).expect_problem(409, Some("webhookId"));
    assert_eq!(serve.call("POST", &path, "").expect(202).json()["webhookIds"], json!([]));
    serve.call("POST", &path, r#"{"webhookId":"wh_x"}"#).expect_problem(404, Some("webhookId"));
    serve.call("POST", &path, r#"{"webhook":"x"}"#).expect_problem(422, Some("webhook"));
    serve.call("POST", &path, r#"{"webhookId":7}"#).expect_problem(422, Some("webhookId"));
    serve.call("POST", &path, "[").expect_problem(400, None);
    serve.call("GET", &path, "").expect_problem(405, None);
    serve.call("POST", "/messages/msg_x/redeliver", "").expect_problem(404, Some("messageId"));
    serve.call_for("other", "POST", &path, "").expect_problem(404, Some("messageId"));
    serve.call_for("other", "GET", &format!("/messages/{message}/attempts"), "").expect_problem(404, Some("messageId"));
    let attempts = format!("/messages/{message}/attempts");
    for (query, field) in [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor")] {
        serve.call("GET", &format!("{attempts}?{query}"), "").expect_problem(422, Some(field));
    }
    assert_eq!(serve.attempts(id).len(), 1, "nothing was sent");
}

#[test]
fn a_platform_has_a_dialect_of_its_own() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shop.json");
    let shop = r#"{
  "name": "shop",
  "events": ["ORDER_PAID"],
  "letterCase": "upper",
  "style": "php",
  "payload": [
    {"name": "what", "from": ["type"]},
    {"name": "order", "members": [{"name": "id", "from": ["subject.id"], "else": null}]},
    {"name": "v", "constant": 2}
  ],
  "headers": [{"name": "X-Shop-Signature", "value": "signature"}],
  "signature": {"scheme": "body-hex", "prefix": "v0="},
  "secretAbsent": "refuse", "unsigned": "refuse",
  "scheduleS": [1], "jitterPercent": 0, "timeoutMs": 2000, "success": [200, 299], "methods": ["POST"],
  "test": {"type": "PING"}
}"#;
    std::fs::write(&file, shop).unwrap();
    let (store, file) = (store(folder.path()), file.display().to_string());
    let usual = ["--store", &store, "--token", TOKEN, "--allow-destination", "127.0.0.0/8", "--profile-file", &file];
    let serve = Serve::start_with(&[&usual[..], &["--profile", "shop"]].concat()).unwrap();
    assert_eq!(serve.get("/event-types"), json!({"profile": "shop", "eventTypes": ["ORDER_PAID"]}));
    let raw = RawReceiver::start();
    let registration = json!({"url": raw.url("/"), "events": ["order_paid"], "secret": "Jefe-Jefe-Jefe"});
    let webhook = serve.register(&registration);
    check_members(&webhook, &json!({"format": "shop", "events": ["ORDER_PAID"], "timeoutMs": 2000, "schedule": [1]}));
    serve.accept(&json!({"type": "order_paid", "subject": {"id": "a/é"}}));
    let request = raw.next();
    let body = r#"{"what":"ORDER_PAID","order":{"id":"a\/\u00e9"},"v":2}"#;
    assert_eq!(request.body, body.as_bytes());
    // HMAC-SHA256 of the body under the secret, from another implementation (OpenSSL).
    let signature = "v0=da898aea705066d4d616ec0fc13775f153cd3f3664298259d6aae45588e0406e";
    assert_eq!(request.header("x-shop-signature"), Some(signature));
    request.answer(200);
    drop(serve);

    std::fs::write(&file, shop.replace("\"php\"", "\"perl\"")).unwrap();
    let refused = Serve::start_with(&usual).unwrap_err();
    let told =
        format!("{file}: style: line 5, column 3: `perl` is not possible (use one of compact, php, python-indent-2)");
    assert!(!refused.status.success() && refused.stderr.contains(&told), "{}", refused.stderr);
    let checked = std::process::Command::new(binary::path()).args(["profiles", &file]).output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&checked.stderr).trim_end(), told);
}

#[test]
fn profiles_are_listed_printed_and_checked() {
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(binary::path()).arg("profiles").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, listed, _) = run(&[]);
    assert_eq!(code, Some(0));
    for name in ["standard", "perfex-assets", "datagerry", "perscom", "assetsup"] {
        assert!(listed.lines().any(|line| line.starts_with(name)), "{listed}");
        let (code, shown, _) = run(&["--show", name]);
        assert_eq!(code, Some(0));
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("profile.json");
        std::fs::write(&file, shown).unwrap();
        let (code, told, _) = run(&[&file.display().to_string()]);
        assert!(code == Some(0) && told.contains(": valid"), "{told}");
    }
    let (code, _, told) = run(&["--show", "nothing"]);
    assert!(code == Some(1) && told.contains("there is no built-in profile `nothing`"), "{told}");
    let (code, _, told) = run(&["/no/such/file"]);
    assert!(code == Some(1) && told.contains("/no/such/file"), "{told}");
}

#[test]
fn a_platform_can_demand_https_and_bound_its_tenants() {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path());
    let usual = ["--store", &store, "--token", TOKEN, "--https-only", "--webhooks-per-tenant", "2"];
    let serve = Serve::start_with(&usual).unwrap();
    let plain = json!({"url": "http://example.com/", "events": ["*"]});
    serve.call("POST", "/webhooks", &plain.to_string()).expect_problem(422, Some("url"));
    let secure = json!({"url": "https://example.com/", "events": ["*"]});
    let first = serve.register(&secure).path;
    serve.register(&secure);
    serve.call("POST", "/webhooks", &secure.to_string()).expect_problem(409, None);
    serve.call_for("other", "POST", "/webhooks", &secure.to_string()).expect(201);
    serve.call("DELETE", &first, "").expect(204);
    serve.register(&secure);
    drop(serve);
    let refused = Serve::start_with(&["--store", &store, "--webhooks-per-tenant", "0"]).unwrap_err();
    assert!(refused.stderr.contains("webhooksPerTenantMax: `0` is out of range"), "{}", refused.stderr);
}
