//! URLs of webhooks and networks of the egress policy: what is accepted is what other parsers take it for.
//!
//! An input is lines: those that begin with `net ` are networks, all others URLs.

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::{Config, ErrorKind, SealingKey, Settings, register};
use serde_json::{Value, json};

use super::parts::check_error;
use super::world::{World, config};

pub const WORDS: &[&str] = &[
    "http://",
    "https://",
    "HTTPS://",
    "user:geheim99@",
    "@",
    "#",
    "?",
    "\\",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[fe80::1%25eth0]",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "4294967296",
    "127.1",
    ":0",
    ":65536",
    ":8080",
    "xn--",
    "%2e",
    "..",
    "\t",
    "é",
    "。",
    "\nnet ",
    "10.0.0.0/8",
    "::/0",
    "fd00::/8",
    "/33",
    "/+8",
    "/08",
    "::ffff:1.2.3.4",
    "/128",
    "1.2.3.4",
    "a_b.example.",
];

pub fn run(input: &[u8]) -> bool {
    let mut is_taken = false;
    const LINES_MAX: usize = 50;
    let text = String::from_utf8_lossy(input);
    let (config, world) = (config("standard"), World::new(MemoryStore::new()));
    for line in text.lines().take(LINES_MAX) {
        is_taken |= match line.strip_prefix("net ") {
            Some(network) => check_network(network),
            None => check_url(&config, &world, line),
        };
    }
    is_taken
}

fn check_url(config: &Config, world: &World, text: &str) -> bool {
    let registration = json!({"url": text, "events": ["*"]}).to_string();
    let shown = match world.call(|world| register(world, config, "acme", None, &registration)) {
        Ok(shown) => shown,
        Err(error) => {
            check_error(&error);
            assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
            // U+0000 is refused before anybody knows what it is in.
            assert!(error.field.as_deref() == Some("url") || text.contains('\0'), "{text:?}: {error:?}");
            let is_password = text.split_once('@').is_some_and(|(before, _)| before.contains("geheim99"));
            assert!(!is_password || !error.to_string().contains("geheim99"), "a password is quoted: {error}");
            return false;
        }
    };
    let shown: Value = serde_json::from_str(&shown).expect("a webhook");
    let kept = without_credentials(hookwright_engine::text::trim(text));
    assert_eq!(shown["url"].as_str(), Some(kept.as_str()), "a URL is kept as it is, without user and password");
    let text = kept.as_str();
    // As a client sends it, and as a browser's rules read it: nobody finds another host.
    let sent: http::Uri = text.parse().unwrap_or_else(|error| panic!("{text:?} cannot be sent: {error}"));
    let read = match url::Url::parse(text) {
        Ok(read) => read,
        // Which punycode is a name is for resolvers to say; the engine has no tables for it.
        Err(url::ParseError::IdnaError) if text.to_ascii_lowercase().contains("xn--") => return true,
        Err(error) => panic!("{text:?} is no URL elsewhere: {error}"),
    };
    assert!(matches!(read.scheme(), "http" | "https"), "{text:?}");
    assert!(read.username().is_empty() && read.password().is_none() && read.fragment().is_none(), "{text:?}");
    let host = sent.host().unwrap_or_else(|| panic!("{text:?} has no host for a client"));
    let alone = url::Url::parse(&format!("{}://{host}/", read.scheme())).expect("a host");
    assert_eq!(read.host(), alone.host(), "{text:?} has two hosts");
    let port = sent.port_u16().or(if read.scheme() == "https" { Some(443) } else { Some(80) });
    assert_eq!(read.port_or_known_default(), port, "{text:?} has two ports");
    assert_ne!(port, Some(0), "{text:?}");
    true
}

/// Returns a URL without what stands before the last `@` of its authority.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{}", &rest[authority.len()..])
}

fn check_network(text: &str) -> bool {
    let allowed = |network: &str| {
        let settings = Settings {
            sealing_keys: vec![SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) }],
            allow_destinations: vec![network.to_owned()],
            ..Settings::default()
        };
        Config::new(&settings).map(|config| config.egress().allow)
    };
    match allowed(text) {
        Ok(networks) => {
            let [network] = &networks[..] else { panic!("{text:?} became {networks:?}") };
            assert_eq!(allowed(network).as_ref(), Ok(&networks), "the canonical form is not stable");
            let read: ipnet::IpNet = network.parse().unwrap_or_else(|error| panic!("{network:?}: {error}"));
            assert_eq!(read.trunc().to_string(), *network, "{text:?} has bits beyond its prefix");
            let given = text.parse::<ipnet::IpNet>().map(|net| net.trunc());
            let given = given.or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
            assert_eq!(given.ok(), Some(read), "{text:?} is another network elsewhere");
            true
        }
        Err(error) => {
            check_error(&error);
            assert_eq!(error.field.as_deref(), Some("allowDestinations[0]"), "{error}");
            false
        }
    }
}
