//! Options of `serve` for outgoing requests: trusted certificates, and a proxy.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Serve, TOKEN, check_members, store};
use crate::egress::{ESTABLISHED, Proxy};
use crate::http_tls;

/// The attempt of a test send to a new webhook with this URL.
fn attempt(options: &[&str], url: &str) -> Value {
    let usual = ["--store", "memory:", "--token", TOKEN, "--allow-destination", "127.0.0.0/8"];
    let serve = Serve::start_with(&[&usual[..], options].concat()).unwrap();
    let webhook = serve.register(&json!({"url": url, "events": ["*"]}));
    let id = webhook.id.as_str();
    let attempt = serve.call("POST", &format!("/webhooks/{id}/test"), "").expect(200).json();
    assert!(!serve.stderr().contains("geheim"), "{}", serve.stderr());
    serve.stop();
    attempt
}

#[test]
fn a_private_ca_and_a_proxy() {
    let server = http_tls::server(&["h2", "http/1.1"]);
    let folder = TempDir::new().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, &server.certificate_pem).unwrap();
    let ca_file = ca_file.to_str().unwrap();
    let url = format!("https://localhost:{}/in", server.address.port());
    let delivered = json!({"status": 200, "error": null, "responseExcerpt": "HTTP/1.1"});

    check_members(&attempt(&[], &url), &json!({"status": null, "error": "tls"}));
    check_members(&attempt(&["--ca-file", ca_file], &url), &delivered);

    let receiver = server.address;
    let proxy = Proxy::start(move |_| (ESTABLISHED, Some(receiver)));
    let proxy_url = format!("http://user:geheim@{}", proxy.address);
    check_members(&attempt(&["--ca-file", ca_file, "--proxy", &proxy_url], &url), &delivered);
    let asked = proxy.asked().concat();
    assert!(asked.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", server.address)), "{asked}");
    assert!(asked.contains("\r\nProxy-Authorization: Basic dXNlcjpnZWhlaW0=\r\n"), "{asked}");

    // The network was allowed when the webhook was registered.
    let store = store(folder.path());
    let usual = ["--store", &store, "--token", TOKEN];
    let before = Serve::start_with(&[&usual[..], &["--allow-destination", "10.0.0.0/8"]].concat()).unwrap();
    let webhook = before.register(&json!({"url": "http://10.0.0.1/", "events": ["*"]}));
    before.stop();
    let serve = Serve::start_with(&[&usual[..], &["--proxy", &proxy_url]].concat()).unwrap();
    let prohibited = serve.test(&webhook.id);
    check_members(&prohibited, &json!({"status": null, "error": "destination-prohibited"}));
    assert_eq!(proxy.asked(), [""; 0]);
}

#[test]
fn serve_with_unusable_egress_options_fails_before_it_listens() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "# nothing\n").unwrap();
    let missing = folder.path().join("missing.pem");
    for (option, value, says) in [
        ("--ca-file", empty.to_str().unwrap(), "empty.pem: the file has no certificate"),
        ("--ca-file", missing.to_str().unwrap(), "missing.pem"),
        ("--proxy", "socks5://user:geheim@127.0.0.1:1080", "only http:// proxies"),
        ("--proxy", "user:geheim@127.0.0.1", "--proxy"),
    ] {
        let ended = Serve::start_with(&["--store", "memory:", "--token", TOKEN, option, value]).unwrap_err();
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains(says) && !ended.stderr.contains("geheim"), "{}", ended.stderr);
    }
}
