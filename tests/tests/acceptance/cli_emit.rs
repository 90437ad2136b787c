//! `hookwright emit`: everything that is in the input is accepted, once, as it is; or it is told where it stopped.

use std::collections::BTreeSet;

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;
use super::cli::{Output, Running, run_with};
use super::raw::RawReceiver;
use super::serve::{Serve, TENANT, TOKEN};

/// Runs `emit` on this input.
fn emit(url: &str, more: &[&str], input: &str) -> Output {
    let arguments = [&["emit", "-", "--url", url, "--tenant", TENANT], more].concat();
    run_with(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)], input.as_bytes()).keeps(&[TOKEN])
}

fn url(serve: &Serve) -> String {
    format!("http://{}", serve.address())
}

#[test]
fn a_file_of_events_arrives_whole_and_once() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let arguments = ["listen", "--listen", "127.0.0.1:0", "--json", "--count", "250"];
    let listener = Running::start(&arguments, &[("HOOKWRIGHT_SECRET", secret)]);
    let said = listener.error_line();
    let address = said.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next()).unwrap();
    let webhook = serve.register(&json!({"url": format!("{address}/in"), "events": ["*"], "secret": secret}));

    let line = |n: u32| format!("{{\"type\": \"a.b\", \"data\": {{\"z\": {n}.0E1, \"a\": \"caf\u{e9}\"}}}}\n");
    let input: String = (0..250).map(line).collect();
    let file = folder.path().join("events.jsonl");
    std::fs::write(&file, &input).unwrap();
    let url = url(&serve);
    let arguments = ["emit", file.to_str().unwrap(), "--url", &url, "--tenant", TENANT, "--run", "night"];
    let output = run_with(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)], b"").expect(0).keeps(&[TOKEN, secret]);
    assert_eq!(output.stdout, "accepted 250 events\n");
    // The run again, from stdin, after half of it was lost: nothing is doubled.
    assert_eq!(emit(&url, &["--run", "night"], &input).expect(0).stdout, "accepted 250 events\n");

    let mut bodies = BTreeSet::new();
    for _ in 0..250 {
        let line: Value = serde_json::from_str(&listener.line()).unwrap();
        assert_eq!((&line["verdict"], &line["answered"]), (&json!("verified"), &json!(200)), "{line}");
        let body = line["body"].as_str().unwrap();
        bodies.insert(body[body.find("\"data\"").unwrap()..].to_owned());
    }
    let expected = (0..250).map(|n| format!("\"data\":{{\"z\":{n}.0E1,\"a\":\"caf\u{e9}\"}}}}")).collect();
    assert_eq!(bodies, expected);
    let (status, rest) = listener.wait();
    assert!(status.success() && rest.is_empty(), "{status}: {rest:?}");
    assert_eq!(serve.wait_for_attempts(webhook.id.as_str(), 250).len(), 250);
}

#[test]
fn without_a_name_the_same_input_is_something_new() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let input = r#"[{"type": "a", "id": "own"}, {"type": "b"}]"#;
    for _ in 0..2 {
        assert_eq!(emit(&url(&serve), &[], input).expect(0).stdout, "accepted 2 events\n");
    }
    assert_eq!(emit(&url(&serve), &[], "").expect(0).stdout, "accepted 0 events\n");
    assert!(receiver.wait_for(3, PATIENCE));
    let types: Vec<Value> = receiver
        .received()
        .iter()
        .map(|request| serde_json::from_slice::<Value>(&request.body).unwrap()["type"].clone())
        .collect();
    assert_eq!(types.iter().filter(|found| **found == json!("b")).count(), 2, "{types:?}");
    serve.stop();
    assert_eq!(receiver.received().len(), 3);
}

#[test]
fn errors_name_the_line() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perscom");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let good = "{\"type\": \"user.created\"}\n".repeat(120);
    let mut accepted = 0;
    let rows = [
        ("{\"type\": \"user.creatd\"}\n", "line 121: type: `user.creatd`"),
        ("{\"typo\": \"user.created\"}\n", "line 121: typ"),
        ("{\"type\": \"user.created\", \"data\": }\n", "line 121: "),
        ("\n\n\n7", "line 124: expected an event"),
        ("{\"type\": \"user.created\"", "line 121: the event that begins here does not end"),
    ];
    for (bad, says) in rows {
        let output = emit(&url(&serve), &["--run", "again"], &format!("{good}{bad}{good}")).expect(1);
        assert!(output.stderr.contains(says), "{bad:?}: {output:?}");
        assert!(output.stderr.contains("120 events were accepted before it"), "{output:?}");
        assert!(output.stderr.contains("--run again"), "{output:?}");
        accepted = 120;
    }
    // The same id with another content.
    let output =
        emit(&url(&serve), &[], "{\"type\":\"user.created\",\"id\":\"x\"}\n{\"type\":\"user.deleted\",\"id\":\"x\"}");
    assert!(output.expect(1).stderr.contains("line 2: "));
    serve.wait_for_attempts(webhook.id.as_str(), accepted + 1);
    serve.stop();
    assert_eq!(receiver.received().len(), accepted + 1);
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_ids() {
    let server = RawReceiver::start();
    let input = "{\"type\": \"a\"}\n{\"type\": \"b\"}";
    let base = server.url("/base/");
    let emitting = std::thread::spawn(move || emit(&base, &[], input));
    let first = server.next();
    let body = first.body.clone();
    assert_eq!((first.method.as_str(), first.target.as_str()), ("POST", "/base/events"));
    // No answer: the connection is closed.
    drop(first);
    for status in [503, 202] {
        let again = server.next();
        assert_eq!(again.body, body);
        again.answer(status);
    }
    let output = emitting.join().unwrap().expect(0);
    assert_eq!(output.stdout, "accepted 2 events\n");
    assert!(output.stderr.contains("trying again"), "{output:?}");
    let events: Value = serde_json::from_slice(&body).unwrap();
    let ids = events.as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(ids.len(), 2, "{events}");
}

#[test]
fn a_service_that_is_not_there_yet_is_waited_for_but_not_for_ever() {
    let folder = TempDir::new().unwrap();
    // Bound and not listening: connections are refused.
    let place = Receiver::reserve(Script::Healthy).unwrap();
    let address = place.address().to_string();
    let base = format!("http://{address}");
    let output = emit(&base, &["--retry-s", "0"], "{\"type\": \"a\"}").expect(1);
    assert!(output.stderr.contains("line 1: ") && output.stderr.contains("0 events were accepted"), "{output:?}");

    let arguments = ["emit", "-", "--url", &base, "--run", "r"];
    let mut child = super::cli::command(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"{\"type\": \"a\"}").unwrap();
    drop(stdin);
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert!(line.contains("trying again for up to"), "{line}");
    drop(place);
    let store = super::serve::store(folder.path());
    let arguments = ["serve", "--listen", &address, "--store", &store, "--token", TOKEN];
    let serve = Running::start(&arguments, &[]);
    assert_eq!(serve.line(), format!("listening on http://{address}"));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serve.terminate();
    assert!(serve.wait().0.success());

    let serve = Serve::start(folder.path(), "standard");
    let output = run_with(&["emit", "-", "--url", &url(&serve), "--token", "wrong"], &[], b"{\"type\": \"a\"}");
    assert!(output.expect(1).keeps(&["wrong"]).stderr.contains("HTTP 401"));
    let output = run_with(&["emit", "-", "--url", "ftp://x", "--token", "t"], &[], b"");
    assert!(output.expect(1).stderr.contains("ftp://x"));
}
