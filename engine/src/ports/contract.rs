//! The rules of a well-formed storage call: those of `wit/storage.wit` that can be decided without looking at a row.
//!
//! Every store calls these functions first, so that all stores refuse the same calls. The store decides if checks hold,
//! and writes.

use crate::ports::{Check, KeyRange, Mutation, StorageError};
use crate::support::limits::{
    COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX,
    VALUE_BYTES_MAX,
};

/// Length of a bound, in bytes: one more than a key, so that a bound right after the longest key can be written.
pub const BOUND_BYTES_MAX: usize = KEY_BYTES_MAX + 1;

/// Refuses a `get` of too many keys, or of a text that is no key. The same key may be asked for twice.
pub fn validate_get(keys: &[String]) -> Result<(), StorageError> {
    at_most("keys of one get", keys.len(), GET_KEYS_MAX)?;
    keys.iter().try_for_each(|key| validate_key(key))
}

/// Refuses a `scan` whose limit is not 1 to [`SCAN_ENTRIES_MAX`], or whose bounds are not 1 to [`BOUND_BYTES_MAX`]
/// bytes of printable ASCII. A bound need not be a key: `timer/~` ends everything that begins with `timer/`. A range
/// that ends before it starts is empty, and no error.
pub fn validate_scan(range: &KeyRange, limit: u32) -> Result<(), StorageError> {
    validate_bound(&range.start)?;
    validate_bound(&range.end)?;
    if limit == 0 {
        return invalid("a scan asks for at least one entry".into());
    }
    if limit > SCAN_ENTRIES_MAX {
        return invalid(format!("a scan asks for at most {SCAN_ENTRIES_MAX} entries, not {limit}"));
    }
    Ok(())
}

/// Refuses a `commit` that is too large, that has a text that is no key or no value, that checks or changes a key
/// twice, or that checks the absence of a key that it does not put.
pub fn validate_commit(checks: &[Check], mutations: &[Mutation]) -> Result<(), StorageError> {
    at_most("checks of one commit", checks.len(), COMMIT_CHECKS_MAX)?;
    at_most("mutations of one commit", mutations.len(), COMMIT_MUTATIONS_MAX)?;
    at_most("bytes of one commit", commit_bytes(checks, mutations), COMMIT_BYTES_MAX)?;
    for check in checks {
        validate_key(&check.key)?;
    }
    for mutation in mutations {
        validate_key(mutation.key())?;
        if let Mutation::Put { key, value } = mutation {
            validate_value(key, value)?;
        }
    }
    no_key_twice("checked", checks.iter().map(|check| check.key.as_str()).collect())?;
    no_key_twice("changed", mutations.iter().map(Mutation::key).collect())?;
    absence_is_of_puts(checks, mutations)
}

/// Returns the length of a commit's keys and values, those of the checks included, to compare with
/// [`COMMIT_BYTES_MAX`].
pub fn commit_bytes(checks: &[Check], mutations: &[Mutation]) -> usize {
    let checked: usize = checks.iter().map(|check| check.key.len()).sum();
    let changed: usize = mutations
        .iter()
        .map(|mutation| match mutation {
            Mutation::Put { key, value } => key.len() + value.len(),
            Mutation::Delete { key } => key.len(),
        })
        .sum();
    checked + changed
}

fn validate_key(key: &str) -> Result<(), StorageError> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return invalid(format!("a key has 1 to {KEY_BYTES_MAX} bytes; {:?} has {}", brief(key), key.len()));
    }
    if !key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-')) {
        return invalid(format!("a key consists of a-z 0-9 / . _ -; encode the rest of {:?}", brief(key)));
    }
    Ok(())
}

fn validate_bound(bound: &str) -> Result<(), StorageError> {
    if bound.is_empty() || bound.len() > BOUND_BYTES_MAX || !bound.bytes().all(|byte| byte.is_ascii_graphic()) {
        let rule = format!("1 to {BOUND_BYTES_MAX} bytes of printable ASCII without spaces");
        return invalid(format!("a bound of a scan has {rule}, unlike {:?}", brief(bound)));
    }
    Ok(())
}

/// Checks a value. The message names the key alone, because the value may be a person's data.
fn validate_value(key: &str, value: &str) -> Result<(), StorageError> {
    if value.len() > VALUE_BYTES_MAX {
        return invalid(format!("the value of {key:?} has {} bytes, more than {VALUE_BYTES_MAX}", value.len()));
    }
    if value.as_bytes().contains(&0) {
        return invalid(format!("the value of {key:?} contains U+0000; JSON escapes it as \\u0000"));
    }
    Ok(())
}

fn no_key_twice(what: &str, mut keys: Vec<&str>) -> Result<(), StorageError> {
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => invalid(format!("{:?} is {what} twice in one commit", pair[0])),
        None => Ok(()),
    }
}

fn absence_is_of_puts(checks: &[Check], mutations: &[Mutation]) -> Result<(), StorageError> {
    if checks.iter().all(|check| check.version.is_some()) {
        return Ok(());
    }
    let mut puts: Vec<&str> = mutations
        .iter()
        .filter_map(|mutation| match mutation {
            Mutation::Put { key, .. } => Some(key.as_str()),
            Mutation::Delete { .. } => None,
        })
        .collect();
    puts.sort_unstable();
    let stray = checks.iter().find(|check| check.version.is_none() && puts.binary_search(&check.key.as_str()).is_err());
    match stray {
        Some(check) => invalid(format!("the absence of {:?} is checked, but the commit does not put it", check.key)),
        None => Ok(()),
    }
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), StorageError> {
    if count > max { invalid(format!("{what}: {count}, more than {max}")) } else { Ok(()) }
}

fn brief(text: &str) -> String {
    text.chars().take(80).collect()
}

fn invalid<T>(why: String) -> Result<T, StorageError> {
    Err(StorageError::Invalid(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(checks: &[(&str, Option<u64>)], mutations: &[Mutation]) -> Result<(), StorageError> {
        let checks: Vec<Check> =
            checks.iter().map(|(key, version)| Check { key: (*key).into(), version: *version }).collect();
        validate_commit(&checks, mutations)
    }

    fn put(key: &str, value: &str) -> Mutation {
        Mutation::Put { key: key.into(), value: value.into() }
    }

    fn check(result: Result<(), StorageError>, expected: &str) {
        match result {
            Ok(()) => assert_eq!("", expected),
            Err(StorageError::Invalid(why)) => {
                assert!(!expected.is_empty() && why.contains(expected), "{why:?} should say {expected:?}");
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_of_a_get_are_checked() {
        let get = |key: &str| validate_get(&[key.to_owned()]);
        check(get("a-z/0.9_"), "");
        check(get(&"k".repeat(255)), "");
        check(get(&"k".repeat(256)), "1 to 255 bytes");
        check(get(""), "1 to 255 bytes");
        for foreign in ["A", "a b", "a:b", "a\u{0}", "ä", "a~", "a{"] {
            check(get(foreign), "a key consists of");
        }
        check(validate_get(&vec!["k".to_owned(); 1_000]), "");
        check(validate_get(&vec!["k".to_owned(); 1_001]), "keys of one get");
    }

    #[test]
    fn bounds_and_limit_of_a_scan_are_checked() {
        let scan =
            |start: &str, end: &str, limit| validate_scan(&KeyRange { start: start.into(), end: end.into() }, limit);
        check(scan("a", "a~", 1), "");
        check(scan("b", "a", 1_000), "");
        check(scan(&format!("{}-", "k".repeat(255)), "z", 1), "");
        check(scan("a", "b", 0), "at least one");
        check(scan("a", "b", 1_001), "at most 1000");
        check(scan("", "b", 1), "a bound of a scan");
        check(scan("a", "\u{ff}", 1), "a bound of a scan");
        check(scan("a\u{0}", "b", 1), "a bound of a scan");
    }

    #[test]
    fn size_and_keys_of_a_commit_are_checked() {
        let delete = |key: &str| Mutation::Delete { key: key.into() };
        check(commit(&[], &[]), "");
        check(commit(&[("a", Some(1))], &[]), "");
        check(commit(&[("a", None)], &[put("a", "1")]), "");
        check(commit(&[("a", None)], &[put("b", "1")]), "does not put it");
        check(commit(&[("a", None)], &[delete("a")]), "does not put it");
        check(commit(&[("a", Some(1)), ("a", Some(2))], &[]), "checked twice");
        check(commit(&[], &[put("a", "1"), delete("a")]), "changed twice");
        check(commit(&[], &[put("a", "\u{0}")]), "U+0000");
        check(commit(&[], &[put("a", &"v".repeat(VALUE_BYTES_MAX))]), "");
        check(commit(&[], &[put("a", &"v".repeat(VALUE_BYTES_MAX + 1))]), "524289 bytes");
        let many: Vec<_> = (0..=COMMIT_MUTATIONS_MAX).map(|n| put(&format!("k{n}"), "")).collect();
        check(commit(&[], &many[1..]), "");
        check(commit(&[], &many), "mutations of one commit");
        let large: Vec<_> = (0..17).map(|n| put(&format!("k{n}"), &"v".repeat(VALUE_BYTES_MAX))).collect();
        check(commit(&[], &large[..15]), "");
        check(commit(&[], &large), "bytes of one commit");
        let checks: Vec<Check> =
            (0..=COMMIT_CHECKS_MAX).map(|n| Check { key: format!("k{n}"), version: Some(1) }).collect();
        check(validate_commit(&checks[1..], &[]), "");
        check(validate_commit(&checks, &[]), "checks of one commit");
    }
}
