//! Options of `serve`, and the files that it makes itself: destinations, component, keys, token.

mod egress;

use std::path::Path;

use hookwright_host::COMPONENT;
use hookwright_host::receiver::{Receiver, Scheme, Script, Signature};
use serde_json::json;
use tempfile::TempDir;

use super::serve::{Serve, TOKEN, database, store};
use super::{PATIENCE, check_members, until, wire};

#[test]
fn a_destination_that_is_not_allowed_is_not_reached() {
    let folder = TempDir::new().unwrap();
    let options = ["--store", &store(folder.path()), "--token", TOKEN];
    let receiver = Receiver::start(Script::Healthy).unwrap();
    // The network was allowed when the webhook was registered.
    let before = Serve::start(folder.path(), "standard");
    let webhook = before.register(&json!({"url": receiver.url("/"), "events": ["*"], "schedule": []}));
    let id = webhook.id.as_str();
    before.stop();
    let serve = Serve::start_with(&options).unwrap();
    let prohibited = json!({"error": "destination-prohibited", "status": null, "state": "exhausted"});
    serve.accept(&json!({"type": "a"}));
    check_members(&serve.wait_for_attempts(id, 1)[0], &prohibited);
    let test = serve.test(id);
    check_members(&test, &prohibited);
    serve.stop();
    assert_eq!(receiver.received().len(), 0);

    // Another network does not help; this one does.
    let other = Serve::start_with(&[&options[..], &["--allow-destination", "10.0.0.0/8"]].concat()).unwrap();
    check_members(&other.call("POST", &format!("/webhooks/{id}/test"), "").expect(200).json(), &prohibited);
    other.stop();
    assert_eq!(receiver.received().len(), 0);
    let allowed = Serve::start(folder.path(), "standard");
    let test = allowed.call("POST", &format!("/webhooks/{id}/test"), "").expect(200).json();
    check_members(&test, &json!({"error": null, "status": 200, "state": "delivered"}));
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn another_component_can_be_loaded() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("other.wasm");
    // The same code with a custom section behind it (id 0, its length, a name of one character): other bytes.
    std::fs::write(&file, [COMPONENT, &[0, 2, 1, b'x']].concat()).unwrap();
    let store = store(folder.path());
    let path = file.to_str().unwrap();
    let options = ["--store", &store, "--token", TOKEN, "--component", path];
    let serve = Serve::start_with(&options).unwrap();
    serve.register(&json!({"url": "https://hooks.example.com/", "events": ["*"]}));
    serve.stop();

    let broken: [(&[u8], &str); 4] = [
        (b"", "component"),
        (b"this is no component", "component"),
        (&COMPONENT[..COMPONENT.len() / 2], "component"),
        // A core module of nothing.
        (b"\0asm\x01\0\0\0", "component"),
    ];
    for (bytes, says) in broken {
        std::fs::write(&file, bytes).unwrap();
        check_refused(&options, says);
    }
    std::fs::remove_file(&file).unwrap();
    check_refused(&options, path);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path());
    let usual = ["--store", store.as_str(), "--token", TOKEN];
    let rows: [(&[&str], &str); 6] = [
        (&["--profile", "standrad"], "standrad"),
        (&["--allow-destination", "127.0.0.0/99"], "127.0.0.0/99"),
        (&["--sealing-key-file", "/nowhere/keys"], "/nowhere/keys"),
        (&["--unheard-of"], "--unheard-of"),
        (&["--component", "/nowhere/component.wasm"], "/nowhere/component.wasm"),
        (&["--workers", "many"], "many"),
    ];
    for (options, says) in rows {
        check_refused(&[&usual[..], options].concat(), says);
    }
    check_refused(&["--store", "postgres:x", "--token", TOKEN], "postgres:x");
    check_refused(&["--store", "sqlite:/nowhere/x.db", "--token", TOKEN], "/nowhere/x.db");
    check_refused(&["--store", store.as_str(), "--token", ""], "token");
    let taken = Receiver::start(Script::Healthy).unwrap();
    let address = taken.address().to_string();
    // The last one counts.
    let listen = ["--listen", address.as_str()];
    let ended = Serve::start_with(&[&usual[..], &listen].concat()).expect_err("the port is taken");
    assert!(!ended.status.success(), "{ended:?}");
}

#[test]
fn a_sealing_key_is_made_once_and_goes_on_working() {
    let folder = TempDir::new().unwrap();
    let key_file = folder.path().join("hookwright.db.key");
    let serve = Serve::start(folder.path(), "standard");
    let said = serve.stderr();
    assert!(said.contains(key_file.to_str().unwrap()) && said.contains("600"), "{said}");
    check_private(&key_file);
    let key = std::fs::read_to_string(&key_file).unwrap();
    let (_, secret_part) = key.trim().split_once(':').expect("a key has a name");
    assert!(secret_part.len() == 64 && !said.contains(secret_part), "{said}");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    receiver.verify(Scheme::Standard(vec![webhook["secret"].as_str().unwrap().to_owned()]));
    serve.stop();

    let serve = Serve::start(folder.path(), "standard");
    assert!(!serve.stderr().contains("key"), "{}", serve.stderr());
    serve.accept(&json!({"type": "a"}));
    assert!(receiver.wait_for(1, PATIENCE));
    serve.stop();
    assert_eq!(std::fs::read_to_string(&key_file).unwrap(), key);

    // Kept elsewhere, it is found when it is named.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&key_file, &elsewhere).unwrap();
    let store = store(folder.path());
    let options = ["--store", &store, "--token", TOKEN, "--allow-destination", "127.0.0.0/8"];
    let key_option = ["--sealing-key-file", elsewhere.to_str().unwrap()];
    let serve = Serve::start_with(&[&options[..], &key_option].concat()).unwrap();
    serve.accept(&json!({"type": "b"}));
    assert!(receiver.wait_for(2, PATIENCE));
    serve.stop();
    assert!(!key_file.exists());
    assert!(receiver.received().iter().all(|request| request.signature == Signature::Verified));
    assert!(database(folder.path()).exists());
}

#[test]
fn a_token_is_made_where_none_is_given() {
    let serve = Serve::start_with(&["--store", "memory:"]).unwrap();
    // stderr is read by a thread of its own, which may lag behind stdout.
    let has_token = |line: &&str| line.contains("--token");
    let line = until("the token on stderr", || serve.stderr().lines().find(has_token).map(str::to_owned));
    let token = line.split_whitespace().last().unwrap();
    assert!(token.len() >= 32, "{line}");
    let call = |token: &str| {
        let authorization = format!("Bearer {token}");
        wire::send(serve.address(), "GET", "/webhooks", &[("Authorization", &authorization)], "").unwrap().status
    };
    assert_eq!((call(token), call(TOKEN)), (200, 401));
    let again = Serve::start_with(&["--store", "memory:"]).unwrap();
    assert!(!again.stderr().contains(token), "a token is made anew each time");
}

fn check_refused(options: &[&str], says: &str) {
    let ended = Serve::start_with(options).expect_err(says);
    assert!(!ended.status.success(), "{options:?}: {ended:?}");
    assert!(ended.stderr.contains(says), "{options:?}: {ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{options:?}: {ended:?}");
}

#[cfg(unix)]
fn check_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(not(unix))]
fn check_private(file: &Path) {
    assert!(file.exists());
}
