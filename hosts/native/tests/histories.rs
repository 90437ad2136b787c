//! The scripted histories, replayed through the bridge with a callback for every import. Values, requests, commits and rows must
//! be the same as in the Rust host.

#[allow(dead_code)]
#[path = "../../../host-harness/examples/history.rs"]
mod history;

use std::sync::Arc;

use hookwright_engine::ports::{
    Clock, EgressPolicy, Entropy, Http, HttpError, HttpErrorKind, Request, Response, Signal,
};
use hookwright_host::Runtime;
use serde_json::{Value, json};

use crate::host::{Instance, OK, REFUSED, Serve, engine, instance_with, storage_reply};
use history::World;

const HISTORIES: &str = include_str!("../../../tests/data/history/histories.json");

#[test]
fn histories_end_as_in_the_rust_host() {
    let histories: Vec<Value> = serde_json::from_str(HISTORIES).unwrap();
    assert!(histories.len() > 3);
    let runtime = Runtime::builder().build().unwrap();
    let engine = engine();
    for history in &histories {
        let expected = history::replay(&runtime, history).unwrap();
        let world = Arc::new(World::default());
        let options = json!({
            "config": config(&history["config"]),
            "callback": ["storage", "http", "clock", "random"],
        });
        let instance = instance_with(&engine, &options, serve(world.clone()));
        let mut answers = Vec::new();
        for step in history["steps"].as_array().unwrap() {
            world.begin(step);
            let step = history::resolved(step, &answers).unwrap();
            answers.push(call(&instance, &step));
        }
        let found = world.end(answers).unwrap();
        for part in ["answers", "requests", "commits", "rows"] {
            let (found, expected) = (found[part].as_array().unwrap(), expected[part].as_array().unwrap());
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_eq!(found, expected, "{} {part}[{index}]", history["name"]);
            }
            assert_eq!(found.len(), expected.len(), "{} {part}", history["name"]);
        }
    }
}

fn config(given: &Value) -> Value {
    let mut config = json!({"sealingKeys": [{"id": "k1", "key": "07".repeat(32)}]});
    for name in ["profile", "allowDestinations"] {
        if !given[name].is_null() {
            config[name] = given[name].clone();
        }
    }
    config
}

/// Makes the call of a step. Returns its value in the form of the Rust host's replay.
fn call(instance: &Instance, step: &Value) -> Value {
    let name = step["call"].as_str().unwrap();
    let (id, json, message) = (&step["id"], &step["json"], &step["message"]);
    let limit = if step["limit"].is_null() { json!(50) } else { step["limit"].clone() };
    let tenant = || json!(step["tenant"].as_str().unwrap_or("acme"));
    let arguments = match name {
        "onEvent" => json!({"tenant": step["tenant"], "event": json}),
        "onEvents" => json!({"tenant": step["tenant"], "events": step["events"]}),
        "register" => json!({"tenant": tenant(), "registration": json}),
        "update" => json!({"tenant": tenant(), "webhookId": id, "changes": json}),
        "updateSettings" => json!({"tenant": tenant(), "changes": json}),
        "get" | "unregister" | "testWebhook" => json!({"tenant": tenant(), "webhookId": id}),
        "list" | "jobs" => json!({"tenant": tenant(), "limit": limit}),
        "settings" => json!({"tenant": tenant()}),
        "rotateSecret" => json!({"tenant": tenant(), "webhookId": id, "secret": step["secret"]}),
        "attempts" => json!({"tenant": tenant(), "webhookId": id, "limit": limit}),
        "message" => json!({"tenant": tenant(), "messageId": message}),
        "messageAttempts" => json!({"tenant": tenant(), "messageId": message, "limit": limit}),
        "payload" | "explain" | "redeliver" => json!({"tenant": tenant(), "messageId": message, "webhookId": id}),
        "recover" | "replay" => json!({"tenant": tenant(), "webhookId": id, "range": json}),
        "erase" => json!({"tenant": tenant(), "request": json}),
        "job" | "cancelJob" => json!({"tenant": tenant(), "jobId": id}),
        "eventTypes" | "reclaimLeases" => json!({}),
        "deliver" => json!({"budget": {"timeMs": 60_000, "attemptsMax": 1_000}}),
        "handle" => {
            let text = |name: &str, usual: &str| json!(step[name].as_str().unwrap_or(usual));
            json!({
                "request": {"method": text("method", "GET"), "path": text("path", "/"), "query": text("query", ""),
                    "body": text("json", "")},
                "caller": {"tenant": tenant(), "user": "u1", "permissions": ["manage:webhook"]},
            })
        }
        other => panic!("there is no call {other}"),
    };
    let (status, value) = instance.call(&function(name), &arguments);
    if status == REFUSED {
        return json!({"error": value});
    }
    assert_eq!(status, OK, "{name}: {value}");
    let pair = |one: &Value| [one["messageId"].clone(), one["new"].clone()];
    match name {
        "onEvent" => pair(&value).into_iter().collect(),
        "onEvents" => value.as_array().unwrap().iter().flat_map(pair).collect(),
        "deliver" => ["routed", "attempts", "delivered", "nextDueMs", "problems"]
            .map(|name| value[name].clone())
            .into_iter()
            .collect(),
        "handle" => {
            let headers = value["headers"].as_array().unwrap().iter();
            let headers: Value = headers.map(|header| json!([header["name"], header["value"]])).collect();
            json!([value["status"], headers, value["body"]])
        }
        _ => value,
    }
}

/// Returns the name of a function in the contract: `webhooks.on-event` for `onEvent`.
fn function(name: &str) -> String {
    let interface = if name == "handle" { "console" } else { "webhooks" };
    let letters = name.chars().map(|letter| {
        if letter.is_ascii_uppercase() { format!("-{}", letter.to_ascii_lowercase()) } else { letter.to_string() }
    });
    format!("{interface}.{}", letters.collect::<String>())
}

fn serve(world: Arc<World>) -> Serve {
    Box::new(move |request| {
        let answer = match request["call"].as_str().unwrap() {
            "now" => json!({"ok": world.now_us().to_string()}),
            "random" => {
                let mut bytes = vec![0; usize::try_from(request["bytes"].as_u64().unwrap()).unwrap()];
                world.fill(&mut bytes);
                json!({"ok": hex::encode(bytes)})
            }
            "http-submit" => {
                world.submit(request["requests"].as_array().unwrap().iter().map(parse_request).collect());
                json!({"ok": null})
            }
            "http-wait" => json!({"ok": wait(&world, request)}),
            _ => storage_reply(&*world, request),
        };
        Ok(answer.to_string())
    })
}

fn parse_request(line: &Value) -> Request {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let texts = |value: &Value| value.as_array().unwrap().iter().map(text).collect();
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let headers = line["headers"].as_array().unwrap().iter();
    Request {
        id: text(&line["id"]).parse().unwrap(),
        method: text(&line["method"]),
        url: text(&line["url"]),
        headers: headers.map(|header| (text(&header["name"]), text(&header["value"]))).collect(),
        body: line["body"].as_str().map(str::to_owned),
        timeout_ms: number(&line["timeoutMs"]),
        response_bytes_max: number(&line["responseBytesMax"]),
        egress: EgressPolicy { allow: texts(&line["egress"]["allow"]), deny: texts(&line["egress"]["deny"]) },
    }
}

fn wait(world: &World, request: &Value) -> Value {
    let result = world.wait(u32::try_from(request["timeoutMs"].as_u64().unwrap()).unwrap());
    assert_eq!(result.signal, Signal::None);
    let outcome = |result: Result<Response, HttpError>| match result {
        Ok(response) => {
            let headers: Value =
                response.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            json!({"ok": {"status": response.status, "headers": headers, "body": response.body, "truncated": response.truncated}})
        }
        Err(HttpError { kind, detail }) => {
            assert_eq!(kind, HttpErrorKind::Connect);
            json!({"error": {"kind": kind.as_str(), "detail": detail}})
        }
    };
    let completions = result.completions.into_iter().map(|completion| {
        json!({"id": completion.id.to_string(), "durationMs": completion.duration_ms, "outcome": outcome(completion.result)})
    });
    json!({"completions": completions.collect::<Value>(), "signal": "none"})
}
