//! Cases about `get` and `scan`.

use crate::calls::{Store, all, commit, count, get_all, keys, put, range, row, scan, set};
use crate::failure::{Done, holds, same};
use hookwright_engine::limits::{GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX, VALUE_BYTES_MAX};
use hookwright_engine::ports::Direction::{Forward, Reverse};

pub(super) fn empty(store: &Store) -> Done {
    same("get", &get_all(store, &["a", "b"])?, &vec![None, None])?;
    same("get of nothing", &get_all(store, &[])?, &vec![])?;
    same("all rows", &all(store)?, &vec![])
}

/// The first and last characters of each part of the alphabet, alone and behind another, and the longest key.
pub(super) fn order(store: &Store) -> Done {
    let longest = "a".repeat(KEY_BYTES_MAX);
    let sorted = [
        "-", ".", "/", "0", "00", "9", "_", "a", "a-", "a.", "a/", "a/a", "a0", "a9", "a_", "aa", &longest, "az", "b",
        "z", "zz",
    ];
    for nth in 0..sorted.len() {
        // Not in key order: 8 and the count have no common divisor.
        set(store, sorted[nth * 8 % sorted.len()], "1")?;
    }
    same("the keys of a scan", &keys(&all(store)?), &sorted.to_vec())?;
    let mut reversed = sorted.to_vec();
    reversed.reverse();
    same("the keys of a reverse scan", &keys(&scan(store, &range("!", "~"), 100, Reverse)?), &reversed)
}

pub(super) fn half_open(store: &Store) -> Done {
    for key in ["a", "a/1", "a/2", "a/3", "a0", "b"] {
        set(store, key, "1")?;
    }
    let check = |start: &str, end: &str, expected: &[&str]| -> Done {
        let mut expected = expected.to_vec();
        let forward = scan(store, &range(start, end), 10, Forward)?;
        same(format!("a scan from {start:?} to {end:?}"), &keys(&forward), &expected)?;
        expected.reverse();
        let reverse = scan(store, &range(start, end), 10, Reverse)?;
        same(format!("a reverse scan from {start:?} to {end:?}"), &keys(&reverse), &expected)
    };
    check("a/1", "a/3", &["a/1", "a/2"])?;
    check("a/1", "a/1", &[])?;
    check("a/3", "a/1", &[])?;
    check("a/1", "a/1-", &["a/1"])?;
    check("a/", "a0", &["a/1", "a/2", "a/3"])?;
    check("a/", "a/~", &["a/1", "a/2", "a/3"])?;
    check("a", "b", &["a", "a/1", "a/2", "a/3", "a0"])?;
    check("c", "d", &[])
}

pub(super) fn limits(store: &Store) -> Done {
    let rows: Vec<_> = (0..=SCAN_ENTRIES_MAX).map(|n| put(&format!("n/{n:04}"), "1")).collect();
    commit(store, &[], &rows[1..])?;
    commit(store, &[], &rows[..1])?;
    let numbers = range("n/", "n0");
    let check = |limit, order, expected: &[&str]| -> Done {
        let found = scan(store, &numbers, limit, order)?;
        same(format!("a scan of {limit} rows"), &keys(&found), &expected.to_vec())
    };
    check(1, Forward, &["n/0000"])?;
    check(1, Reverse, &["n/1000"])?;
    check(3, Reverse, &["n/1000", "n/0999", "n/0998"])?;
    let most = scan(store, &numbers, SCAN_ENTRIES_MAX, Forward)?;
    same("the rows of the longest scan", &count(most.len()), &count(SCAN_ENTRIES_MAX as usize))?;
    same("the last of them", &keys(&most).last().copied(), &Some("n/0999"))
}

pub(super) fn get(store: &Store) -> Done {
    let a = set(store, "a", "\"first\"")?;
    let b = set(store, "b", "\"second\"")?;
    let found = get_all(store, &["b", "none", "a", "b"])?;
    let seen: Vec<_> = found.iter().map(|row| row.as_ref().map(|row| (&*row.key, &*row.value, row.version))).collect();
    let expected = vec![Some(("b", "\"second\"", b)), None, Some(("a", "\"first\"", a)), Some(("b", "\"second\"", b))];
    same("get of b, none, a, b", &seen, &expected)?;
    let many: Vec<String> =
        (0..GET_KEYS_MAX).map(|n| if n == 500 { "a".into() } else { format!("none/{n}") }).collect();
    let found = get_all(store, &many.iter().map(String::as_str).collect::<Vec<_>>())?;
    let places: Vec<usize> = (0..found.len()).filter(|place| found[*place].is_some()).collect();
    same("the places of rows in a get of 1,000 keys", &places, &vec![500])
}

pub(super) fn values(store: &Store) -> Done {
    let values = [
        "{}",
        "\"\\u0000\"",
        "\" a  \"",
        "1 ",
        "\"\u{1}\r\n\t\"",
        "\"'; -- \\ % _ ?1 $1 :a\"",
        "\"\u{10ffff}😀\u{feff}\"",
        "\"e\u{301} \u{e9} \u{df} \u{2028}\"",
    ];
    for value in values {
        set(store, "k", value)?;
        same("the value from get", &row(store, "k")?.value.as_str(), &value)?;
        same("the value from scan", &all(store)?.first().map(|row| row.value.as_str()), &Some(value))?;
    }
    Ok(())
}

pub(super) fn largest(store: &Store) -> Done {
    for filling in ["x", "é", "😀"] {
        let mut value = format!("\"{}", filling.repeat((VALUE_BYTES_MAX - 2) / filling.len()));
        while value.len() < VALUE_BYTES_MAX - 1 {
            value.push('x');
        }
        value.push('"');
        set(store, "k", &value)?;
        let whole = |found: &str| holds(found == value, "a value of 524,288 bytes", "all of it", &found.len());
        whole(&row(store, "k")?.value)?;
        whole(all(store)?.first().map_or("", |row| &row.value))?;
    }
    Ok(())
}
