//! Parsing, writing and comparing trees.

use super::*;
use crate::support::limits;

fn kept(text: &str) {
    assert_eq!(write(&parse(text).unwrap(), Style::Compact), text);
}

#[test]
fn a_tree_keeps_the_order_of_keys_and_the_text_of_numbers() {
    kept(r#"{"b":1,"a":2,"10":3,"9":4,"":5}"#);
    for number in ["0", "-0", "1.0", "1E5", "1e+5", "-1.50e-07", "1e400", "12345678901234567890", "0.1", "1.000"] {
        kept(number);
        kept(&format!("[{number},{{\"n\":{number}}}]"));
    }
    kept(r#"{"$serde_json::private::Number":"1"}"#);
    assert_eq!(write(&parse(" [ 1 ,\t2\r\n] ").unwrap(), Style::Compact), "[1,2]");
}

#[test]
fn the_last_value_of_a_key_counts_at_the_first_place() {
    let check = |text, expected| assert_eq!(write(&parse(text).unwrap(), Style::Compact), expected);
    check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
    check(r#"{"a":1,"a":2,"c":0,"a":3,"b":4,"b":5,"\u0061":6}"#, r#"{"a":6,"c":0,"b":5}"#);
}

/// One row: a text, and the error that names the place, given as the byte.
fn refused(text: &str, at: usize, what: &str) {
    let error = parse(text).unwrap_err();
    let before = &text[..at];
    let line = before.split('\n').count();
    let column = before.split('\n').next_back().unwrap().chars().count() + 1;
    assert_eq!(error.message, format!("not JSON at line {line}, column {column}: {what}"), "{text}");
}

#[test]
fn what_is_no_text_is_kept_in_every_style() {
    for (name, text, php) in [
        ("U+0000", r#""a\u0000b""#, r#""a\u0000b""#),
        ("first half", r#""\ud800""#, r#""\ud800""#),
        ("second half", r#""x\udfffy""#, r#""x\udfffy""#),
        ("halves in the wrong order", r#""\udc00\ud800""#, r#""\udc00\ud800""#),
        ("two first halves before a pair", r#""\ud800\ud83d😀""#, r#""\ud800\ud83d\ud83d\ude00""#),
        ("in a key", r#"{"\ud800":1,"\udbff":2}"#, r#"{"\ud800":1,"\udbff":2}"#),
        ("the mark of the tree itself", "\"\u{10ffff}d800\u{10ffff}\"", r#""\udbff\udfffd800\udbff\udfff""#),
        ("characters that begin like the mark", "\"\u{100000}\u{10fffe}\"", r#""\udbc0\udc00\udbff\udffe""#),
    ] {
        let tree = parse_kept(text).unwrap();
        assert_eq!(write(&tree, Style::Compact), text, "{name}");
        assert_eq!(write(&tree, Style::Php), php, "{name}");
        assert_eq!(parse_kept(php).unwrap(), tree, "{name}");
    }
    let Json::String(text) = parse_kept(r#""a\ud800\u0041\udbff\udfff""#).unwrap() else { panic!("no string") };
    assert_eq!((unicode(&text).as_ref(), has_half(&text)), ("a\u{fffd}A\u{10ffff}", true));
    assert!(!has_half(Json::text("\u{10ffff}d800").as_str().unwrap()));
    assert_eq!(write(&Json::text("\u{10ffff}d800"), Style::Compact), "\"\u{10ffff}d800\"");
}

#[test]
fn what_is_no_text_is_replaced() {
    for (text, replaced) in [
        (r#"["\u0000","\ud800x"]"#, r#"["\ufffd","\ufffdx"]"#),
        (r#"{"\ud800":1,"z":[{"\u0000":2}],"\ufffd":3}"#, r#"{"\ufffd":3,"z":[{"\ufffd":2}]}"#),
    ] {
        let tree = parse_by(text, InvalidText::Replace).unwrap();
        assert_eq!(write(&tree, Style::Php), replaced, "{text}");
        assert_eq!(tree, parse(replaced).unwrap(), "{text}");
    }
}

#[test]
fn an_error_counts_lines_and_characters() {
    let check = |text: &str, place: &str| {
        let error = &parse(text).unwrap_err().message;
        assert!(error.starts_with(&format!("not JSON at {place}: ")), "{error}");
    };
    check("", "line 1, column 1");
    check("{\n  \"é\": x", "line 2, column 8");
    check("[1,\r\n2,\n]", "line 3, column 1");
}

#[test]
fn a_refused_value_is_reported_with_its_field() {
    let check = |text: &str, field: Option<&str>| {
        assert_eq!(parse(text).unwrap_err().field.as_deref(), field, "{text}");
    };
    check(r#"{"a":{"b":["x",{"c":"\u0000"}]}}"#, Some("a.b[1].c"));
    check(r#"{"a":[[1,"\ud800"]]}"#, Some("a[0][1]"));
    check(r#"{"a\nb":"\udc00"}"#, Some("a\\nb"));
    check(r#""\ud800""#, None);
    check(r#"{"\u0000":1}"#, None);
    check(r#"{"a":{"b":"#, None);
    let deep = parse(&format!("{{\"data\":{}", "[".repeat(100))).unwrap_err().field.clone().unwrap();
    assert!(deep.starts_with("data") && deep.len() <= 100, "{deep}");
}

#[test]
fn a_path_leads_to_the_line_of_its_key() {
    let text = "{\n\"a\": {\"b\":\n [1,\n {\"c\": 2}]},\n\"d\": [],\n\"e\"\n: {\"f\": 1}}";
    for (path, line) in [
        ("a", 2),
        ("a.b", 2),
        ("a.b[0]", 3),
        ("a.b[1]", 4),
        ("a.b[1].c", 4),
        ("a.b[2]", 2),
        ("a.x", 2),
        ("d[0]", 5),
        ("e", 6),
        ("e.f", 7),
        ("e[0]", 6),
        ("x", 1),
        ("", 1),
    ] {
        assert_eq!(place_of(text, path).0, line, "{path}");
    }
}

#[test]
fn text_that_is_no_json_is_refused() {
    refused("", 0, "expected a value, found the end");
    refused("[1,]", 3, "expected a value, found ']'");
    refused("[1 2]", 3, "expected `,` or `]`, found '2'");
    refused("{\"a\":1,}", 7, "expected a key in quotes, found '}'");
    refused("{a:1}", 1, "expected a key in quotes, found 'a'");
    refused("{\"a\" 1}", 5, "expected `:`, found '1'");
    refused("{\"a\":1", 6, "expected `,` or `}`, found the end");
    refused("1 é", 2, "expected the end, found 'é'");
    refused("\u{feff}1", 0, "expected a value, found '\\u{feff}'");
    refused("nul", 0, "expected `null`");
    refused("True", 0, "expected a value, found 'T'");
    refused("01", 0, "a number with a leading zero");
    refused("-", 1, "expected a digit, found the end");
    refused("+1", 0, "expected a value, found '+'");
    refused(".5", 0, "expected a value, found '.'");
    refused("1.", 2, "expected a digit, found the end");
    refused("1e", 2, "expected a digit, found the end");
    refused("NaN", 0, "expected a value, found 'N'");
    refused("\"a", 2, "expected `\"`, found the end");
    refused("\"a\nb\"", 2, "a control character that is not escaped in a string");
    refused("\"\0\"", 1, "a control character that is not escaped in a string");
    refused(r#""\x""#, 2, "expected an escape, found 'x'");
    refused(r#""\u12""#, 2, "expected four hexadecimal digits after `\\u`");
    refused(r#""\u+123""#, 2, "expected four hexadecimal digits after `\\u`");
    refused(r#""a\u0000""#, 2, "U+0000 in a string");
    refused(r#""\ud800""#, 1, "half of a surrogate pair");
    refused(r#""\udc00\ud800""#, 1, "half of a surrogate pair");
    refused(r#""\ud800\u0041""#, 1, "half of a surrogate pair");
    refused("\"\\u00é\"", 2, "expected four hexadecimal digits after `\\u`");
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    kept(&nested(limits::JSON_DEPTH_MAX));
    refused(&nested(limits::JSON_DEPTH_MAX + 1), limits::JSON_DEPTH_MAX, "nested deeper than 64 levels");
    refused(&"{\"a\":".repeat(100_000), 5 * limits::JSON_DEPTH_MAX, "nested deeper than 64 levels");
    kept(&format!("[{}]", vec!["[]"; 1_000].join(",")));
}

/// One row: a string, and what the three runtimes write for it.
fn written(text: &str, raw: &str, php: &str) {
    let json = Json::text(text);
    assert_eq!(write(&json, Style::Compact), format!("\"{raw}\""));
    assert_eq!(write(&json, Style::PythonIndent2), format!("\"{raw}\""));
    assert_eq!(write(&json, Style::Php), format!("\"{php}\""));
    assert_eq!(parse(&format!("\"{php}\"")), Ok(json));
}

#[test]
fn a_string_is_escaped_as_javascript_and_php_do() {
    written("plain", "plain", "plain");
    written("\u{8}\u{c}\n\r\t", r"\b\f\n\r\t", r"\b\f\n\r\t");
    written("\u{1}\u{b}\u{1f}", r"\u0001\u000b\u001f", r"\u0001\u000b\u001f");
    written("\u{7f}", "\u{7f}", "\u{7f}");
    written("\"\\", r#"\"\\"#, r#"\"\\"#);
    written("</a>", "</a>", r"<\/a>");
    written("é€", "é€", r"\u00e9\u20ac");
    written("\u{80}\u{2028}\u{feff}", "\u{80}\u{2028}\u{feff}", r"\u0080\u2028\ufeff");
    written("😀", "😀", r"\ud83d\ude00");
    written("\u{10ffff}", "\u{10ffff}", r"\udbff\udfff");
    written("&'<>", "&'<>", "&'<>");
}

#[test]
fn indented_text_is_the_same_as_python_writes() {
    let json = parse(r#"{"a":[],"b":{},"c":[1,[2,{}]],"d":{"é":"/"}}"#).unwrap();
    let expected = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    [\n      2,\n      {}\n    ]\n  ],\n  \"d\": {\n    \
                    \"é\": \"/\"\n  }\n}";
    assert_eq!(write(&json, Style::PythonIndent2), expected);
    assert_eq!(write(&parse("[]").unwrap(), Style::PythonIndent2), "[]");
    assert_eq!(write(&parse("7").unwrap(), Style::PythonIndent2), "7");
}

/// A small generator of its own, so that a failure comes back with the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Mostly JSON, sometimes nearly so.
    fn text(&mut self, depth: usize) -> String {
        const LEAVES: [&str; 26] = [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1.5",
            "1E5",
            "-12e-3",
            "01",
            "1.",
            "\"\"",
            "\"é😀\"",
            "\"\\ud83d\\ude00\"",
            "\"\\n\\/\"",
            "\"\u{7f}\u{2028}\"",
            "\"\\u00e9\"",
            "\"\\u001f\"",
            "\"a\\\"b\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "nul",
            "\"\\x\"",
            "\"\t\"",
            "\"",
            "",
            "18446744073709551615",
        ];
        let space = self.pick(&["", "", "", " ", "\n\t", "\u{b}"]);
        let text = match self.below(if depth == 0 { 2 } else { 5 }) {
            0 | 1 => {
                let usual = self.below(12) != 0;
                let leaves = if usual { &LEAVES[..8] } else { &LEAVES[..] };
                self.pick(leaves).to_owned()
            }
            2 | 3 => {
                let items: Vec<String> = (0..self.below(4)).map(|_| self.text(depth - 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => {
                let members = (0..self.below(4)).map(|_| {
                    let key = self.pick(&["\"a\"", "\"b\"", "\"\\u0061\"", "\"é\"", "\"\""]);
                    format!("{key}:{}", self.text(depth - 1))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(self.pick(&[",", ",", ",", ", ", ";"])))
            }
        };
        format!("{space}{text}")
    }
}

#[test]
fn serde_json_accepts_the_same_texts() {
    let mut random = Random(7);
    let (mut read, mut refused) = (0, 0);
    for round in 0..20_000 {
        let text = random.text(4);
        let oracle = serde_json::from_str::<serde_json::Value>(&text);
        let ours = parse(&text);
        assert_eq!(ours.is_ok(), oracle.is_ok(), "round {round}: {text}");
        let (Ok(ours), Ok(oracle)) = (ours, oracle) else {
            refused += 1;
            continue;
        };
        read += 1;
        for style in [Style::Compact, Style::Php, Style::PythonIndent2] {
            let written = write(&ours, style);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), oracle, "round {round}: {text}");
            assert_eq!(parse(&written).unwrap(), ours, "round {round}: {text}");
        }
    }
    assert!(read > 5_000 && refused > 2_000, "{read} read, {refused} refused: the texts are too much alike");
}

fn same(a: &str, b: &str, expected: bool) {
    let equal = canonical(&parse(a).unwrap()) == canonical(&parse(b).unwrap());
    assert_eq!(equal, expected, "{a} and {b}");
}

#[test]
fn values_of_the_same_meaning_have_the_same_canonical_text() {
    same("1", "1.0", true);
    same("1E5", "100000", true);
    same("-0", "0.00e7", true);
    same("0.10", "1e-1", true);
    same("100", "1e2", true);
    same("-1", "1", false);
    same("10", "1", false);
    same("0.1", "0.01", false);
    same("12345678901234567890", "12345678901234567891", false);
    same("1e9223372036854775807", "10e9223372036854775807", true);
    same("1", "\"1\"", false);
    same("1", "true", false);
    same("null", "false", false);
    same("\"\\/\"", "\"/\"", true);
    same(r#"{"a":1,"b":[1,2]}"#, r#"{"b":[1.0,2],"a":1}"#, true);
    same(r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false);
    same("[1,2]", "[2,1]", false);
    same("[]", "{}", false);
    same("[[1],2]", "[[1,2]]", false);
}

#[test]
fn writing_stops_at_the_limit() {
    let json = parse(r#"{"a":[1,2,"x"],"b":{}}"#).unwrap();
    for style in [Style::Compact, Style::Php, Style::PythonIndent2] {
        let text = write(&json, style);
        assert_eq!(write_within(&json, style, text.len()), Some(text.clone()));
        assert_eq!(write_within(&json, style, text.len() - 1), None);
        assert_eq!(write_within(&json, style, 0), None);
    }
}
