//! Headers that change nothing, and imports that go on without what is refused.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::cli::run_with;
use super::super::serve::{Serve, TOKEN};
use super::cases;
use hookwright_host::receiver::{Receiver, Script};

#[test]
fn header_is_left_out_used_or_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let host = receiver.url("").trim_start_matches("http://").to_owned();
    for case in cases("10-needless-headers") {
        let mut headers = case["headers"].clone();
        if headers["Host"] == "RHOST" {
            headers["Host"] = host.clone().into();
        }
        let registration = json!({"url": receiver.url("/in"), "events": ["*"], "headers": headers});
        let answer = serve.call("POST", "/webhooks", &registration.to_string());
        let name = headers.as_object().unwrap().keys().next().unwrap();
        if let Some(told) = case["refused"].as_str() {
            let answer = answer.expect_problem(422, Some(&format!("headers.{name}")));
            assert!(answer.body.contains(told), "{case}: {}", answer.body);
            assert!(!answer.body.contains("c2VjcmV0"), "{case}: {}", answer.body);
            continue;
        }
        let webhook = answer.expect(201).json();
        let kept: Vec<&str> = webhook["headers"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(json!(kept), case["kept"], "{case}");
        let id = webhook["id"].as_str().unwrap();
        assert_eq!(serve.test(id)["status"], 200, "{case}");
        let request = receiver.received().pop().unwrap();
        for (name, value) in case["sends"].as_object().into_iter().flatten() {
            assert_eq!(request.header(name), value.as_str(), "{case}");
        }
        // The mask keeps what was accepted.
        let changes = json!({"headers": webhook["headers"]}).to_string();
        let changed = serve.call("PATCH", &format!("/webhooks/{id}"), &changes).expect(200).json();
        assert_eq!(changed["headers"], webhook["headers"], "{case}");
    }
}

#[test]
fn import_goes_on_without_what_is_refused_if_told_to() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let mut rows: Vec<Value> = (0..200)
        .map(|number| json!({"name": format!("n{number}"), "url": format!("https://a.example/{number}"), "events": ["*"]}))
        .collect();
    rows[3]["headers"] = json!({"Content-Type": "application/json"});
    rows[7]["headers"] = json!({"Connection": "close"});
    rows[9]["url"] = "ftp://a.example/".into();
    rows[9]["active"] = "perhaps".into();
    rows[11] = json!({"name": "literal", "url": "http://169.254.169.254/", "events": ["*"]});
    let list = json!(rows).to_string();
    let url = format!("http://{}", serve.address());
    let import = |more: &[&str]| {
        let arguments = [&["import", "-", "--url", &url, "--tenant", "acme"], more].concat();
        run_with(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)], list.as_bytes())
    };

    let output = import(&[]).expect(1);
    assert!(output.stderr.contains("nothing was written (--skip-invalid imports the other webhooks)"), "{output:?}");
    assert_eq!(serve.get("/webhooks")["data"], json!([]));

    let output = import(&["--skip-invalid", "--dry-run"]).expect(1);
    assert_eq!(output.stdout, "would create 198, already there 0, refused 2\n", "{output:?}");
    let output = import(&["--skip-invalid"]).expect(1);
    assert_eq!(output.stdout, "created 197, already there 0, refused 3\n", "{output:?}");
    for told in [
        "[7] \"n7\": headers.Connection: ",
        "[9] \"n9\": isActive: ",
        "[11] \"literal\": ",
        "169.254.169.254 lies in 169.254.0.0/16",
    ] {
        assert!(output.stderr.contains(told), "{told}: {output:?}");
    }
    let output = import(&["--skip-invalid"]).expect(1);
    assert!(output.stdout.starts_with("created 0, already there 197, refused 3"), "{output:?}");
}
