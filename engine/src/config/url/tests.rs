//! The URLs that are accepted, and the reasons for which others are refused.

use super::*;

fn check_refused(name: &str, text: &str, told: &str) {
    let error = check("url", text, PlainHttp::Allowed).expect_err(name);
    assert_eq!(error.field.as_deref(), Some("url"), "{name}");
    assert!(error.to_string().contains(told), "{name}: {error}");
}

#[test]
fn a_url_with_a_plain_host_is_accepted() {
    for (name, text) in [
        ("a name", "https://hooks.example.com/in"),
        ("an address and a port", "http://127.0.0.1:8080"),
        ("capitals and a query", "HTTPS://example.com?x=1&y=[]"),
        ("punycode and an escape", "https://xn--bcher-kva.example/a%20b"),
        ("IPv6", "http://[::1]:9/x"),
        ("an underscore and a final dot", "http://a_b.example.:1/"),
    ] {
        assert_eq!(check("url", text, PlainHttp::Allowed), Ok(()), "{name}");
    }
}

#[test]
fn a_url_that_clients_read_differently_is_refused() {
    for (name, text, told) in [
        ("empty", "", "no http or https"),
        ("no scheme", "example.com", "no http or https"),
        ("another scheme", "ftp://example.com", "no http or https"),
        ("no host", "https://", "no valid host"),
        ("no host before a path", "https:///x", "no valid host"),
        ("fragment", "https://example.com/#top", "fragment"),
        ("host beyond ASCII", "https://bücher.example/", "punycode: bücher.example is xn--bcher-kva.example"),
        ("path beyond ASCII", "https://example.com/bücher", "percent-encode"),
        ("space", "https://example.com/a b", "has a space as character 22"),
        ("line break", "https://example.com/a\nb", "has a line break as character 22"),
        ("tab in the host", "https://exam\tple.com/", "has a tab as character 13"),
        ("space in the scheme", "https ://example.com/", "has a space as character 6"),
        ("zero width space", "https://exam\u{200b}ple.com/", "invisible character U+200B as character 13"),
        ("control character", "https://example.com/\u{7f}", "control"),
        ("port too large", "https://example.com:99999/", "no port"),
        ("port 0", "https://example.com:0/", "no port"),
        ("empty port", "https://example.com:/", "no port"),
        ("bracket not closed", "https://[::1/", "no valid host"),
        ("no address in brackets", "https://[zz]/", "no valid host"),
        ("zone of an address", "https://[fe80::1%25eth0]/", "no valid host"),
        ("escape in the host", "https://ex%61mple.com/", "no valid host"),
        ("backslash", "https://exa\\mple.com/", "has a `\\`"),
        ("dots alone", "https://.../", "no valid host"),
        ("empty label", "https://a..example/", "no valid host"),
        ("label of 64 bytes", &format!("https://{}.example/", "a".repeat(64)), "no valid host"),
        ("more than 2,048 bytes", &format!("https://example.com/{}", "a".repeat(2_100)), "2048 are allowed"),
    ] {
        check_refused(name, text, told);
    }
}

#[test]
fn a_host_that_ends_in_a_number_is_an_address() {
    for host in ["2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "127.1", "127.0.0.1.", "0x", "4294967295"] {
        assert_eq!(check("url", &format!("http://{host}/"), PlainHttp::Allowed), Ok(()), "{host}");
    }
    for host in ["4294967296", "256.0.0.1", "1.2.3.4.5", "08", "1.2.3.0x100", "a.1", "1.2.3.99999999999999999999"] {
        check_refused(host, &format!("http://{host}/"), "no valid host");
    }
}

#[test]
fn credentials_are_refused_and_not_quoted() {
    for (name, text, told) in [
        ("user and password", "https://user:geheim@example.com/", "has credentials"),
        ("user alone", "https://geheim@[::1]/", "has credentials"),
        ("with other faults", "https://user:geheim@bücher.example/", "has credentials"),
        ("with a space", "https://user:geheim@example.com/ x", "it has a space as character"),
        ("behind a backslash", "https://user:geheim\\@example.com/", "has a `\\`"),
        ("without a scheme", "user:geheim@example.com", "no http or https"),
    ] {
        check_refused(name, text, told);
        assert!(!format!("{:?}", check("url", text, PlainHttp::Allowed)).contains("geheim"), "{name}");
    }
}

#[test]
fn http_is_refused_if_the_host_demands_https() {
    assert_eq!(check("url", "https://example.com/", PlainHttp::Refused), Ok(()));
    let error = check("url", "http://example.com/", PlainHttp::Refused).expect_err("http");
    assert!(error.message.contains("not https"), "{error}");
}
