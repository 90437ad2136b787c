//! Patterns with wildcards and exclusions: what is sent, what is not, what `explain` says, and what is refused.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::client::Client;
use super::super::serve::Serve;
use super::super::until;
use super::{cases, texts};

#[test]
fn patterns_select_the_events_that_they_say() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let services = ["standard", "perfex-assets"]
        .map(|profile| (profile, Serve::start(folders[usize::from(profile != "standard")].path(), profile)));
    for (index, case) in cases("22-patterns").iter().enumerate() {
        let profile = case["profile"].as_str().unwrap_or("standard");
        let (_, serve) = services.iter().find(|(name, _)| *name == profile).unwrap();
        // A tenant of its own: no other webhook gets its events.
        check(&serve.of(&format!("t{index}")), case);
    }
}

fn check(client: &Client, case: &Value) {
    let name = &case["name"];
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let registration = json!({"url": receiver.url("/in"), "events": case["events"]});
    if let Some(refused) = case["refused"].as_object() {
        let status = u16::try_from(refused["status"].as_u64().unwrap()).unwrap();
        let answer = client.call("POST", "/webhooks", &registration.to_string());
        let problem = answer.expect_problem(status, refused["field"].as_str()).json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(refused["detail"].as_str().unwrap()), "{name}: {detail}");
        return;
    }
    let webhook = client.register(&registration);
    let shown = if case["shown"].is_array() { &case["shown"] } else { &case["events"] };
    assert_eq!(&webhook["events"], shown, "{name}");
    let (sent, not_sent) = (texts(&case["sent"]), texts(&case["notSent"]));
    let accept = |event_type: &&str| client.accept(&json!({"type": event_type}));
    let messages: Vec<String> = sent.iter().map(accept).collect();
    let others: Vec<String> = not_sent.iter().map(accept).collect();
    let explained = |message: &str, state: &str| {
        let path = format!("/messages/{message}/deliveries/{}/explain", webhook.id);
        until(&format!("{name}: {message} is {state}"), || {
            Some(client.get(&path)).filter(|explained| explained["state"] == state)
        })
    };
    for message in &messages {
        let detail = explained(message, "delivered")["steps"][1]["detail"].as_str().unwrap().to_owned();
        let because = case["because"].as_str().unwrap_or("of its present patterns");
        assert!(detail.contains(because), "{name}: {detail}");
    }
    for message in &others {
        let step = explained(message, "none")["steps"][1].clone();
        assert_eq!(step["step"], "unmatched", "{name}: {step}");
        let because = case["becauseNot"].as_str().unwrap_or("");
        assert!(step["detail"].as_str().unwrap().contains(because), "{name}: {step}");
    }
    assert_eq!(receiver.received().len(), sent.len(), "{name}");
}
