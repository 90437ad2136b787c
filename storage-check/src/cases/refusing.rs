//! Cases about calls that break a rule: a store refuses them as `invalid`, all alike, and applies nothing.

use crate::calls::{Store, absent, all, at, delete, put, range, set, unexpected};
use crate::failure::{Done, Failure, same};
use hookwright_engine::limits::{
    COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX, VALUE_BYTES_MAX,
};
use hookwright_engine::ports::Direction::{Forward, Reverse};
use hookwright_engine::ports::{Check, Mutation, StorageError};

fn invalid<T>(what: &str, result: Result<T, StorageError>) -> Done {
    match result {
        Err(StorageError::Invalid(_)) => Ok(()),
        Ok(_) => Err(Failure::new(what, "an error of the kind invalid", "success")),
        Err(other) => Err(unexpected(what, "an error of the kind invalid", &other)),
    }
}

/// Texts that are no keys, each with its fault.
fn no_keys() -> [(&'static str, String); 8] {
    [
        ("an empty key", String::new()),
        ("a key in upper case", "A".into()),
        ("a key with a space", "a b".into()),
        ("a key beyond ASCII", "ä".into()),
        ("a key with U+0000", "a\u{0}".into()),
        ("a key with a colon", "a:".into()),
        ("a key with a tilde", "a~".into()),
        ("a key of 256 bytes", "a".repeat(KEY_BYTES_MAX + 1)),
    ]
}

pub(super) fn reads(store: &Store) -> Done {
    for (what, key) in no_keys() {
        invalid(&format!("get of {what}"), store.get(&["a".into(), key]))?;
    }
    invalid("get of 1,001 keys", store.get(&vec!["a".to_owned(); GET_KEYS_MAX + 1]))?;
    for (start, end) in [("", "b"), ("a", ""), ("ä", "b"), ("a", "\u{7f}"), ("a b", "c")] {
        invalid(&format!("a scan from {start:?} to {end:?}"), store.scan(&range(start, end), 1, Forward))?;
    }
    invalid("a scan of no rows", store.scan(&range("a", "b"), 0, Forward))?;
    invalid("a scan of 1,001 rows", store.scan(&range("a", "b"), SCAN_ENTRIES_MAX + 1, Reverse))
}

pub(super) fn commits(store: &Store) -> Done {
    set(store, "k", "1")?;
    let before = all(store)?;
    let refuse = |what: &str, checks: &[Check], mutations: &[Mutation]| -> Done {
        // A mutation that would do, so that a store which stops halfway is seen.
        let mutations = [&[put("fine", "1")], mutations].concat();
        invalid(what, store.commit(checks, &mutations))?;
        same(format!("the rows after {what} was refused"), &all(store)?, &before)
    };
    for (what, key) in no_keys() {
        refuse(&format!("a put of {what}"), &[], &[put(&key, "1")])?;
        refuse(&format!("a delete of {what}"), &[], &[delete(&key)])?;
        refuse(&format!("a check of {what}"), &[at(&key, 1)], &[])?;
    }
    refuse("a value of 524,289 bytes", &[], &[put("a", &"v".repeat(VALUE_BYTES_MAX + 1))])?;
    let wide = "é".repeat(VALUE_BYTES_MAX / 2 + 1);
    refuse("a value of 524,290 bytes in 262,145 characters", &[], &[put("a", &wide)])?;
    refuse("a value with U+0000", &[], &[put("a", "\"\u{0}\"")])?;
    refuse("two puts of one key", &[], &[put("a", "1"), put("a", "2")])?;
    refuse("a put and a delete of one key", &[], &[put("a", "1"), delete("a")])?;
    refuse("two checks of one key", &[at("k", 1), at("k", 2)], &[])?;
    refuse("a check of absence without a put", &[absent("a")], &[])?;
    refuse("a check of absence with a delete", &[absent("a")], &[delete("a")])?;
    let many: Vec<_> = (0..=COMMIT_CHECKS_MAX).map(|n| at(&format!("n/{n}"), 1)).collect();
    refuse("a commit of 1,001 checks", &many, &[])?;
    let many: Vec<_> = (0..COMMIT_MUTATIONS_MAX).map(|n| delete(&format!("n/{n}"))).collect();
    refuse("a commit of 1,001 mutations", &[], &many)?;
    let large: Vec<_> = (0..16).map(|n| put(&format!("n/{n}"), &"v".repeat(VALUE_BYTES_MAX))).collect();
    refuse("a commit of more than 8,388,608 bytes", &[], &large)
}
