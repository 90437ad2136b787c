//! Receivers that want HTTP/1.1.

use serde_json::json;
use tempfile::TempDir;

use super::cases;
use super::tls::trusting;
use crate::http_tls::receiver::{Terms, TlsReceiver};

#[test]
fn receiver_gets_the_version_of_http_that_it_accepts() {
    let folder = TempDir::new().unwrap();
    let store = format!("sqlite:{}", folder.path().join("store.db").display());
    let serve = trusting(&["authority".to_owned()], &store);
    for case in cases("06-http-versions") {
        let offered = |name: &'static str| case["protocols"].as_array().unwrap().iter().any(|one| one == name);
        let protocols = ["h2", "http/1.1"].into_iter().filter(|name| offered(name)).collect();
        let receiver = TlsReceiver::start(&Terms { protocols, ..Terms::of("issued") });
        if case["asksForHttp1"] == true {
            receiver.ask_for_http1();
        }
        let webhook = serve.register(&json!({ "url": receiver.url("localhost"), "events": ["*"] }));
        for version in case["versions"].as_array().unwrap() {
            let attempt = serve.test(&webhook.id);
            assert_eq!(attempt["state"], "delivered", "{}: {attempt}", case["name"]);
            assert_eq!(&attempt["responseExcerpt"], version, "{}: {attempt}", case["name"]);
        }
    }
}
