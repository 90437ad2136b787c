//! Cases about `get` and `scan`.

use super::{Store, all, assert_invalid, get as get_one, keys, put, range, set};
use hookwright_engine::host::Direction::{Forward, Reverse};
use hookwright_engine::limits::{GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX, VALUE_BYTES_MAX};

pub(super) fn empty(store: &Store) {
    assert_eq!(store.get(&["a".into(), "b".into()]).unwrap(), [None, None]);
    assert_eq!(store.get(&[]).unwrap(), []);
    assert_eq!(all(store), []);
}

/// The first and last characters of each part of the alphabet, alone and behind another, and the longest key.
pub(super) fn order(store: &Store) {
    let longest = "a".repeat(KEY_BYTES_MAX);
    let sorted = [
        "-", ".", "/", "0", "00", "9", "_", "a", "a-", "a.", "a/", "a/a", "a0", "a9", "a_", "aa", &longest, "az", "b",
        "z", "zz",
    ];
    for nth in 0..sorted.len() {
        // Not in key order: 8 and the count have no common divisor.
        set(store, sorted[nth * 8 % sorted.len()], "1");
    }
    assert_eq!(keys(&all(store)), sorted);
    let mut reversed = sorted;
    reversed.reverse();
    assert_eq!(keys(&store.scan(&range("!", "~"), 100, Reverse).unwrap()), reversed);
}

pub(super) fn half_open(store: &Store) {
    for key in ["a", "a/1", "a/2", "a/3", "a0", "b"] {
        set(store, key, "1");
    }
    let check = |start: &str, end: &str, expected: &[&str]| {
        let mut expected = expected.to_vec();
        assert_eq!(keys(&store.scan(&range(start, end), 10, Forward).unwrap()), expected, "{start}..{end}");
        expected.reverse();
        assert_eq!(keys(&store.scan(&range(start, end), 10, Reverse).unwrap()), expected, "{start}..{end} reversed");
    };
    check("a/1", "a/3", &["a/1", "a/2"]);
    check("a/1", "a/1", &[]);
    check("a/3", "a/1", &[]);
    check("a/1", "a/1-", &["a/1"]);
    check("a/", "a0", &["a/1", "a/2", "a/3"]);
    check("a/", "a/~", &["a/1", "a/2", "a/3"]);
    check("a", "b", &["a", "a/1", "a/2", "a/3", "a0"]);
    check("c", "d", &[]);
}

pub(super) fn limits(store: &Store) {
    let rows: Vec<_> = (0..=SCAN_ENTRIES_MAX).map(|n| put(&format!("n/{n:04}"), "1")).collect();
    store.commit(&[], &rows[1..]).unwrap();
    store.commit(&[], &rows[..1]).unwrap();
    let numbers = range("n/", "n0");
    let scan = |limit, order| store.scan(&numbers, limit, order).unwrap();
    assert_eq!(keys(&scan(1, Forward)), ["n/0000"]);
    assert_eq!(keys(&scan(1, Reverse)), ["n/1000"]);
    assert_eq!(keys(&scan(3, Reverse)), ["n/1000", "n/0999", "n/0998"]);
    let most = scan(SCAN_ENTRIES_MAX, Forward);
    assert_eq!((most.len(), most.last().unwrap().key.as_str()), (SCAN_ENTRIES_MAX as usize, "n/0999"));
}

pub(super) fn get(store: &Store) {
    let a = set(store, "a", "\"first\"");
    let b = set(store, "b", "\"second\"");
    let found = store.get(&["b".into(), "none".into(), "a".into(), "b".into()]).unwrap();
    let seen: Vec<_> = found.iter().map(|row| row.as_ref().map(|row| (&*row.key, &*row.value, row.version))).collect();
    assert_eq!(seen, [Some(("b", "\"second\"", b)), None, Some(("a", "\"first\"", a)), Some(("b", "\"second\"", b))]);
    let many: Vec<String> =
        (0..GET_KEYS_MAX).map(|n| if n == 500 { "a".into() } else { format!("none/{n}") }).collect();
    let found = store.get(&many).unwrap();
    assert_eq!(found.len(), GET_KEYS_MAX);
    assert_eq!(found.iter().position(Option::is_some), Some(500));
}

pub(super) fn values(store: &Store) {
    let long = format!("\"{}\"", "é".repeat((VALUE_BYTES_MAX - 2) / 2));
    assert_eq!(long.len(), VALUE_BYTES_MAX);
    let values = [
        "{}",
        "\"\\u0000\"",
        "\" a  \"",
        "1 ",
        "\"\u{1}\r\n\t\"",
        "\"'; -- \\ % _ ?1 $1 :a\"",
        "\"\u{10ffff}😀\u{feff}\"",
        &long,
    ];
    for value in values {
        set(store, "k", value);
        assert!(get_one(store, "k").unwrap().value == value, "{:.40} came back changed by get", value);
        assert!(all(store)[0].value == value, "{:.40} came back changed by scan", value);
    }
}

pub(super) fn refused(store: &Store) {
    for key in ["", "A", "a b", "ä", "a\u{0}", "a:", &"a".repeat(KEY_BYTES_MAX + 1)] {
        assert_invalid(store.get(&["a".into(), key.into()]));
    }
    assert_invalid(store.get(&vec!["a".to_owned(); GET_KEYS_MAX + 1]));
    for (start, end) in [("", "b"), ("a", ""), ("ä", "b"), ("a", "\u{7f}"), ("a b", "c")] {
        assert_invalid(store.scan(&range(start, end), 1, Forward));
    }
    assert_invalid(store.scan(&range("a", "b"), 0, Forward));
    assert_invalid(store.scan(&range("a", "b"), SCAN_ENTRIES_MAX + 1, Reverse));
}
