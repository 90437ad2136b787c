//! Every store of this repository against the storage contract, and what the SQLite store promises beyond it.

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Check, Entry, Mutation, Storage, StorageError};
use hookwright_host::stores::sqlite::{SqliteStore, create_schema};
use hookwright_host::stores::{self, SharedStorage};
use hookwright_storage_check::{InProcess, Verdict, cases, check};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

/// Every case passes, but those that are expected to be skipped.
fn check_all(subject: &InProcess, skipped: &[&str]) {
    let mut told = 0;
    check(
        subject,
        |_| true,
        |name, verdict| {
            told += 1;
            match verdict {
                Verdict::Passed => {}
                Verdict::Skipped(_) => assert!(skipped.contains(&name), "{name} was skipped"),
                Verdict::Failed(failure) => panic!("{name}: {failure}"),
            }
        },
    );
    assert_eq!(told, cases().count());
}

const ENDINGS: [&str; 4] = [
    "rows are kept after reopening",
    "no version is reused after reopening",
    "a crash neither loses nor splits a commit",
    "other connections go on after a crash",
];

#[test]
fn memory() {
    check_all(&InProcess::shared(|| Arc::new(MemoryStore::new())), &ENDINGS);
}

#[test]
fn sqlite() {
    let folder = TempDir::new().unwrap();
    let (made, opened) = (folder.path().to_owned(), folder.path().to_owned());
    let empty = move || {
        for entry in std::fs::read_dir(&made).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        Ok(stores::open(&format!("sqlite:{}", made.join("store.db").display())).unwrap())
    };
    let open = move || {
        let store = SqliteStore::open(&opened.join("store.db")).unwrap();
        store.integrity_check().unwrap();
        Ok(Arc::new(store) as SharedStorage)
    };
    check_all(&InProcess::reopened(empty, open), &ENDINGS[2..]);
}

/// The stores' own promise, stronger than the contract's: they name every check that fails.
#[test]
fn all_failed_checks_are_named() {
    let folder = TempDir::new().unwrap();
    let stores: [SharedStorage; 2] = [Arc::new(MemoryStore::new()), Arc::new(create(&folder))];
    for store in stores {
        put(&*store, "there", "1");
        let version = put(&*store, "held", "1");
        let check = |key: &str, version| Check { key: key.into(), version };
        let checks =
            [check("gone", Some(1)), check("held", Some(version)), check("there", None), check("there2", Some(9))];
        let row = Mutation::Put { key: "there".into(), value: "2".into() };
        assert_eq!(store.commit(&checks, &[row]), Err(StorageError::Conflict(vec![0, 2, 3])));
    }
}

/// Two processes would see the same: nothing that counts is in memory.
#[test]
fn two_stores_on_one_file() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (create(&folder), create(&folder));
    thread::scope(|scope| {
        for (name, store) in [("one", &one), ("other", &other)] {
            scope.spawn(move || {
                for n in 0..100 {
                    put(store, &format!("{name}/{n}"), "1");
                }
            });
        }
    });
    let mut versions: Vec<u64> = ["one", "other"]
        .iter()
        .flat_map(|name| (0..100).map(move |n| format!("{name}/{n}")))
        .map(|key| {
            let (row, same) = (get(&one, &key), get(&other, &key));
            assert_eq!(row, same, "both read the same row");
            row.unwrap().version
        })
        .collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 200, "no version was given twice");
    let stale = Check { key: "one/0".into(), version: Some(get(&other, "one/0").unwrap().version) };
    put(&one, "one/0", "2");
    let row = Mutation::Put { key: "one/0".into(), value: "3".into() };
    assert_eq!(other.commit(&[stale], &[row]), Err(StorageError::Conflict(vec![0])));
}

#[test]
fn reopening_keeps_rows_and_never_reuses_versions() {
    let folder = TempDir::new().unwrap();
    let mut last = 0;
    for round in 0..3 {
        let store = create(&folder);
        let kept = put(&store, "kept", &round.to_string());
        let newest = put(&store, "newest", "1");
        assert!(last < kept && kept < newest, "round {round}: {last} {kept} {newest}");
        // The row with the highest version goes, and with it what `max(version)` could tell.
        store.commit(&[], &[Mutation::Delete { key: "newest".into() }]).unwrap();
        last = newest;
        drop(store);
        assert_eq!(files(&folder), ["store.db"], "closing empties the write-ahead log into the file");
        let reopened = SqliteStore::open(&file(&folder)).unwrap();
        assert_eq!(get(&reopened, "kept").unwrap().value, round.to_string());
    }
}

/// `kill -9` leaves the file and the log as they are at some moment between two commits.
#[test]
fn a_copy_taken_without_closing_has_every_answered_commit() {
    let (folder, copy) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = create(&folder);
    for n in 0..50 {
        put(&store, &format!("k/{n}"), "1");
    }
    for name in files(&folder).iter().filter(|name| !name.ends_with("-shm")) {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    assert!(files(&copy).contains(&"store.db-wal".into()), "the log was not emptied yet: {:?}", files(&copy));
    let restored = SqliteStore::open(&file(&copy)).unwrap();
    restored.integrity_check().unwrap();
    assert!((0..50).all(|n| get(&restored, &format!("k/{n}")).is_some()));
    let version = put(&restored, "after", "1");
    assert!((0..50).all(|n| get(&restored, &format!("k/{n}")).unwrap().version < version));
}

#[test]
fn several_may_create_the_schema_at_once() {
    // Several times over: who is told to wait by SQLite, and who is refused, is a matter of microseconds.
    for _ in 0..10 {
        let folder = TempDir::new().unwrap();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| create_schema(&file(&folder)).unwrap())).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }
    let folder = TempDir::new().unwrap();
    create_schema(&file(&folder)).unwrap();
    let store = SqliteStore::open(&file(&folder)).unwrap();
    put(&store, "k", "1");
    create_schema(&file(&folder)).unwrap();
    assert!(get(&store, "k").is_some(), "an existing table stays as it is");
}

#[test]
fn errors_of_opening_name_the_path() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder);
    let check = |result: anyhow::Result<SqliteStore>, expected: &str| {
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("store.db") && error.contains(expected), "{error:?} should say {expected:?}");
    };
    check(SqliteStore::open(&path), "cannot open the store");
    check(SqliteStore::open(&path.join("below")), "cannot open the store");
    std::fs::write(&path, "").unwrap();
    check(SqliteStore::open(&path), "create its schema first");
    std::fs::write(&path, "no database at all, but long enough to be looked at".repeat(50)).unwrap();
    check(SqliteStore::open(&path), "cannot");
    assert!(format!("{:#}", create_schema(&path).unwrap_err()).contains("store.db"));
    assert_eq!(std::fs::read(&path).unwrap().first(), Some(&b'n'), "a foreign file is left alone");
}

#[test]
fn stores_by_name() {
    let folder = TempDir::new().unwrap();
    let spec = format!("sqlite:{}", file(&folder).display());
    put(&*stores::open(&spec).unwrap(), "k", "1");
    assert!(get(&*stores::open(&spec).unwrap(), "k").is_some());
    put(&*stores::open("memory:").unwrap(), "k", "1");
    assert_eq!(get(&*stores::open("memory:").unwrap(), "k"), None);
    for wrong in ["", "sqlite", "sqlite:", "memory", "memory:x", "mysql:x", "store.db"] {
        let Err(error) = stores::open(wrong) else { panic!("{wrong:?} was opened") };
        assert!(error.to_string().contains("does not name a store"), "{wrong:?}: {error}");
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("store.db")
}

fn create(folder: &TempDir) -> SqliteStore {
    let path: &Path = &file(folder);
    create_schema(path).unwrap();
    SqliteStore::open(path).unwrap()
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn put(store: &(impl Storage + ?Sized), key: &str, value: &str) -> u64 {
    store.commit(&[], &[Mutation::Put { key: key.into(), value: value.into() }]).unwrap()[0]
}

fn get(store: &(impl Storage + ?Sized), key: &str) -> Option<Entry> {
    store.get(&[key.into()]).unwrap().remove(0)
}
