//! Tests of the splitter.

use super::*;

/// Compares the events as `line:text`, then the error if there is one.
fn check(input: &[u8], expected: &[&str]) {
    // Small pieces, as a slow pipe delivers them.
    let mut events = Events::new(std::io::BufReader::with_capacity(3, input));
    let mut found = Vec::new();
    loop {
        match events.next() {
            Ok(Some(event)) => found.push(format!("{}:{}", event.line, event.text)),
            Ok(None) => break,
            Err(error) => {
                found.push(format!("{error:#}"));
                break;
            }
        }
    }
    assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(input));
}

#[test]
fn events_are_split() {
    check(b"", &[]);
    check(b" \n ", &[]);
    check(b"{}", &["1:{}"]);
    check(b"\xef\xbb\xbf{}", &["1:{}"]);
    check(b"{\"a\":1}\n{\"b\" : 1E5}\r\n\n{}", &["1:{\"a\":1}", "2:{\"b\" : 1E5}", "4:{}"]);
    check(b"{}{}", &["1:{}", "1:{}"]);
    check(b"[\n{\"a\":[{}]},\n {\n} ]\n", &["2:{\"a\":[{}]}", "3:{\n}"]);
    check(b"[]", &[]);
    check(b"[{}]\n[{}]{}", &["1:{}", "2:{}", "2:{}"]);
    check(br#"{"a":"}\"{\\"}{"b":"]"}"#, &[r#"1:{"a":"}\"{\\"}"#, r#"1:{"b":"]"}"#]);
}

#[test]
fn error_names_the_line() {
    check(b"{}\n7", &["1:{}", "line 2: expected an event, which is a JSON object, found `7`"]);
    check(b"{}\n{\"a\":", &["1:{}", "line 2: the event that begins here does not end"]);
    check(b"\n[{}", &["2:{}", "line 2: the array that begins in line 2 does not end"]);
    check(b"[{} {}]", &["1:{}", "line 1: expected `,` or `]` after an event, found `{`"]);
    check(b"[{},]", &["1:{}", "line 1: expected an event, which is a JSON object, found `]`"]);
    check(b"[,{}]", &["line 1: expected an event, which is a JSON object, found `,`"]);
    check(b"[[{}]]", &["line 1: expected an event, which is a JSON object, found `[`"]);
    check(b"{},{}", &["1:{}", "line 1: expected an event, which is a JSON object, found `,`"]);
    check(b"\x1b", &["line 1: expected an event, which is a JSON object, found `\\u{1b}`"]);
    check(b"{\"a\":\"\xff\"}", &["line 1: the event is not UTF-8"]);
    let long = format!("{{}}\n{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX));
    check(long.as_bytes(), &["1:{}", "line 2: the event has more than 262144 bytes"]);
}

#[test]
fn events_without_an_id_get_one() {
    let rows = [
        (r#"{}"#, r#"{"id":"run-3"}"#),
        (r#"{ "type" : "a", "n": 1.0E5 }"#, r#"{ "type" : "a", "n": 1.0E5 ,"id":"run-3"}"#),
        (r#"{"id":null}"#, r#"{"id":null,"id":"run-3"}"#),
        (r#"{"data":{"id":1}}"#, r#"{"data":{"id":1},"id":"run-3"}"#),
        (r#"{"id":"own"}"#, r#"{"id":"own"}"#),
        (r#"{"\u0069d":"own"}"#, r#"{"\u0069d":"own"}"#),
        (r#"{"id":7,"id":null}"#, r#"{"id":7,"id":null,"id":"run-3"}"#),
    ];
    for (text, expected) in rows {
        let event = Event { line: 9, number: 3, text: text.to_owned() };
        let named = event.with_id(|number| format!("run-{number}")).unwrap();
        assert_eq!((named.event.text.as_str(), named.is_new), (expected, text != expected));
    }
    for text in [r#"{"a"}"#, r#"{"a":1]}"#, r#"{]"#, r#"{"a":01}"#] {
        let event = Event { line: 9, number: 3, text: text.to_owned() };
        let error = event.with_id(|number| number.to_string()).unwrap_err();
        assert!(error.to_string().starts_with("line 9: "), "{error}");
    }
}
