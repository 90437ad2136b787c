//! `hookwright import`: a platform's webhooks arrive as they were, once, and their secrets stay secret.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use hookwright_host::receiver::{Receiver, Scheme, Script, Signature};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::check_members;
use super::cli::{Output, run_with};
use super::serve::{Serve, TOKEN};

const WHSEC: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SECRETS: [&str; 5] = [WHSEC, "perfex typed, it", "perscom-typed-it", "assetsup-typed-it", "h3ader-value"];

fn import(address: SocketAddr, more: &[&str], list: &Value) -> Output {
    let url = format!("http://{address}");
    let arguments = [&["import", "-", "--url", &url], more].concat();
    let list = serde_json::to_vec_pretty(list).unwrap();
    run_with(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)], &list).keeps(&[TOKEN]).keeps(&SECRETS)
}

/// A webhook of each platform, by its own columns.
fn list(url: &str) -> Value {
    json!([
        {"id": 1, "name": "Audit", "url": format!("{url}/perfex"), "events": "all", "secret": SECRETS[1], "active": "1",
            "headers": format!("{{\"X-Key\": \"{}\"}}", SECRETS[4]), "format": "perfex-assets"},
        {"_id": {"$oid": "65"}, "public_id": 2, "name": "Sync", "url": format!("{url}/datagerry"), "active": true,
            "event_types": ["CREATE", "DELETE"], "format": "datagerry"},
        {"id": 3, "description": "Roster", "url": format!("{url}/perscom"), "events": "[\"user.created\"]",
            "method": "post", "secret": SECRETS[2], "deleted_at": null, "format": "perscom", "tenant": "unit-3"},
        {"id": "a4", "userId": 17, "name": "Stock", "url": format!("{url}/assetsup"), "secret": SECRETS[3],
            "events": ["LOW_STOCK"], "isActive": false, "lastTriggeredAt": null, "failureCount": 0,
            "createdAt": "2024-05-01T00:00:00Z", "format": "assetsup"},
        {"name": "Standard", "url": format!("{url}/standard"), "events": ["*"], "secret": WHSEC,
            "final_statuses": "401, 404-408", "successStatuses": "[\"2xx\", 409]"},
    ])
}

fn webhooks(serve: &Serve, tenant: &str) -> Vec<Value> {
    let page = serve.call_for(tenant, "GET", "/webhooks?limit=100", "").expect(200).json();
    page["data"].as_array().unwrap().clone()
}

fn find<'a>(webhooks: &'a [Value], name: &str) -> &'a Value {
    webhooks.iter().find(|webhook| webhook["name"] == name).unwrap_or_else(|| panic!("no {name}: {webhooks:?}"))
}

#[test]
fn four_platforms_arrive_as_they_were_and_once() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let list = list(&receiver.url(""));

    let output = import(serve.address(), &["--tenant", "acme", "--dry-run"], &list).expect(0);
    assert_eq!(output.stdout, "would create 5, already there 0, refused 0\n", "{output:?}");
    assert!(webhooks(&serve, "acme").is_empty() && webhooks(&serve, "unit-3").is_empty());

    let output = import(serve.address(), &["--tenant", "acme"], &list).expect(0);
    assert_eq!(output.stdout, "created 5, already there 0, refused 0\n", "{output:?}");
    let (acme, unit) = (webhooks(&serve, "acme"), webhooks(&serve, "unit-3"));
    assert_eq!((acme.len(), unit.len()), (4, 1));
    check_members(find(&acme, "Audit"), &json!({"events": ["*"], "isActive": true, "format": "perfex-assets"}));
    assert!(find(&acme, "Audit")["headers"].get("X-Key").is_some());
    check_members(find(&acme, "Sync"), &json!({"events": ["CREATE", "DELETE"], "secretHint": null, "userId": null}));
    check_members(find(&unit, "Roster"), &json!({"events": ["user.created"], "method": "POST"}));
    check_members(find(&acme, "Stock"), &json!({"isActive": false, "userId": "17", "format": "assetsup"}));

    let standard = find(&acme, "Standard");
    check_members(standard, &json!({"successStatuses": ["2xx", 409], "finalStatuses": [401, "404-408"]}));

    // The secrets are those that the receivers know.
    for (tenant, name, scheme) in [
        ("acme", "Audit", Scheme::PerfexAssets(vec![SECRETS[1].to_owned()])),
        ("acme", "Standard", Scheme::Standard(vec![WHSEC.to_owned()])),
    ] {
        receiver.verify(scheme);
        let id = find(&webhooks(&serve, tenant), name)["id"].as_str().unwrap().to_owned();
        let test = serve.call_for(tenant, "POST", &format!("/webhooks/{id}/test"), "").expect(200).json();
        check_members(&test, &json!({"status": 200}));
        let request = receiver.received().pop().unwrap();
        assert_eq!(request.signature, Signature::Verified, "{name}");
        if name == "Audit" {
            assert_eq!(request.header("x-key"), Some(SECRETS[4]));
        }
    }

    let output = import(serve.address(), &["--tenant", "acme"], &list).expect(0);
    assert_eq!(output.stdout, "created 0, already there 5, refused 0\n");
    // Only what is missing is added.
    let id = find(&acme, "Stock")["id"].as_str().unwrap();
    serve.call_for("acme", "DELETE", &format!("/webhooks/{id}"), "").expect(204);
    let output = import(serve.address(), &["--tenant", "acme"], &list).expect(0);
    assert_eq!(output.stdout, "created 1, already there 4, refused 0\n");
    assert_eq!((webhooks(&serve, "acme").len(), webhooks(&serve, "unit-3").len()), (4, 1));
}

#[test]
fn events_are_the_same_in_either_case() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "datagerry");
    let list = json!([
        {"name": "Sync", "url": "https://a.example/", "event_types": ["create", "delete"], "active": false},
        // Two that look alike are two.
        {"name": "Sync", "url": "https://a.example/", "event_types": "DELETE,CREATE", "active": false},
    ]);
    for created in ["created 2, already there 0", "created 0, already there 2"] {
        let output = import(serve.address(), &[], &list).expect(0);
        assert!(output.stdout.starts_with(created), "{output:?}");
    }
    let all = webhooks(&serve, "default");
    assert!(all.len() == 2 && all.iter().all(|webhook| webhook["isActive"] == false), "{all:?}");
}

#[test]
fn one_that_is_wrong_keeps_all_from_being_written() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perscom");
    let good = json!({"name": "good", "url": "https://a.example/", "events": ["user.created"], "secret": SECRETS[2]});
    let with = |field: &str, value: Value| {
        let mut row = good.clone();
        row[field] = value;
        row["name"] = format!("bad {field}").into();
        row
    };
    let list = json!([
        good,
        with("events", json!(["user.creatd"])),
        with("secret", Value::Null),
        with("url", json!("ftp://a.example/")),
        with("secret", json!(format!("{}\n", SECRETS[2]))),
        with("active", json!("maybe")),
        with("color", json!("red")),
        with("headers", json!({"Signature": SECRETS[4]})),
        with("deleted_at", json!("2024-01-01")),
        SECRETS[0],
        with("method", json!("put")),
    ]);
    let output = import(serve.address(), &[], &list).expect(1);
    let says = [
        "[1] \"bad events\": events[0]: ",
        "[2] \"bad secret\": secret: ",
        "[3] \"bad url\": url: ",
        "[4] \"bad secret\": secret: ",
        "[5] \"bad active\": isActive: ",
        "[6] \"bad color\": color: ",
        "[7] \"bad headers\": headers.Signature: ",
        "[8] \"bad deleted_at\": deleted_at: ",
        "[9]: expected an object",
        "[10] \"bad method\": method: ",
        "10 problems; nothing was written",
    ];
    assert_eq!(output.stderr.lines().count(), says.len(), "{output:?}");
    for (line, says) in output.stderr.lines().zip(says) {
        assert!(line.contains(says), "{says}: {line}");
    }
    assert_eq!(output.stdout, "");
    assert!(webhooks(&serve, "default").is_empty());

    for (text, says) in [("{\"webhooks\": []}", "JSON array"), ("[{]", "line 1"), ("\"s3cret\"", "JSON array")] {
        let url = format!("http://{}", serve.address());
        let arguments = ["import", "-", "--url", &url, "--token", TOKEN];
        let output = run_with(&arguments, &[], text.as_bytes()).expect(1).keeps(&["s3cret"]);
        assert!(output.stderr.contains(says), "{output:?}");
    }
}

#[test]
fn a_lost_answer_makes_no_second_webhook() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let proxy = losing_first_answers(serve.address());
    let output = import(proxy, &["--format", "perfex-assets"], &list("https://a.example")).expect(0);
    assert_eq!(output.stdout, "created 5, already there 0, refused 0\n", "{output:?}");
    assert!(output.stderr.contains("trying again"), "{output:?}");
    assert_eq!((webhooks(&serve, "default").len(), webhooks(&serve, "unit-3").len()), (4, 1));
    check_members(find(&webhooks(&serve, "default"), "Standard"), &json!({"format": "perfex-assets"}));
}

#[test]
fn import_checks_the_list_by_the_options_of_the_service() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shop.json");
    let own = hookwright_engine::profile::Profile::builtin_text("perscom").unwrap();
    std::fs::write(&file, own.replace("\"perscom\"", "\"shop\"")).unwrap();
    let file = file.to_str().unwrap();
    let options = ["--profile", "shop", "--profile-file", file, "--https-only", "--webhooks-per-tenant", "1"];
    let serve = Serve::start_with(&[&["--store", "memory:", "--token", TOKEN], &options[..]].concat()).unwrap();
    let row = |url: &str| json!({"url": url, "events": ["user.created"], "secret": SECRETS[2]});

    let output = import(serve.address(), &[], &json!([row("https://a.example/")])).expect(1);
    assert!(output.stderr.contains("--profile-file"), "{output:?}");
    let told = ["--profile-file", file, "--https-only"];
    let list = json!([row("https://a.example/"), row("http://b.example/")]);
    let output = import(serve.address(), &told, &list).expect(1);
    assert!(output.stderr.contains("[1]: url: ") && output.stderr.contains("nothing was written"), "{output:?}");
    assert!(webhooks(&serve, "default").is_empty());

    // Some errors are found only during the import. The other webhooks are created.
    let list = json!([row("https://a.example/"), row("https://b.example/")]);
    let output = import(serve.address(), &told, &list).expect(1);
    assert_eq!(output.stdout, "created 1, already there 0, refused 1\n");
    assert!(output.stderr.contains("[1]: ") && output.stderr.contains("(HTTP 4"), "{output:?}");
    assert_eq!(webhooks(&serve, "default").len(), 1);
}

/// Passes every request on, and loses the answers to the first three `POST`s.
fn losing_first_answers(service: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut lost = 0;
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line == "\r\n" || line.is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head += &line;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let mut upstream = TcpStream::connect(service).unwrap();
            upstream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
            upstream.write_all(&body).unwrap();
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer).unwrap();
            if head.starts_with("POST ") && lost < 3 {
                lost += 1;
                continue;
            }
            (&stream).write_all(&answer).unwrap();
        }
    });
    address
}
