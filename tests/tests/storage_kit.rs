//! The storage kit over its protocol: the drivers that are right pass every case, and of those that are not, each is caught
//! by the case that should.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hookwright_storage_check::{Driven, Verdict, cases, check};
use tempfile::TempDir;

use crate::acceptance::binary;

const TIMEOUT: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The interpreter itself: what the name stands for may be a shell script, and a kill would meet that.
fn python() -> PathBuf {
    let asked = Command::new("python3").args(["-c", "import sqlite3, sys; print(sys.executable)"]).output();
    let found =
        asked.ok().filter(|asked| asked.status.success()).and_then(|asked| String::from_utf8(asked.stdout).ok());
    let path = found.map(|text| PathBuf::from(text.trim())).filter(|path| path.is_file());
    path.expect("these tests need python3 with its module sqlite3, which `cargo xtask test acceptance` installs")
}

fn command(words: &[&dyn AsRef<std::ffi::OsStr>]) -> Vec<OsString> {
    words.iter().map(|word| word.as_ref().to_owned()).collect()
}

/// The names of the cases that failed, of those whose name contains the text.
fn failed(command: Vec<OsString>, part: &str) -> Vec<String> {
    let driven = Driven::new(command, TIMEOUT).unwrap();
    let (mut failed, mut told) = (Vec::new(), 0);
    check(
        &driven,
        |name| name.contains(part),
        |name, verdict| {
            told += 1;
            println!("{name}: {verdict:?}");
            if *verdict != Verdict::Passed {
                failed.push(name.to_owned());
            }
        },
    );
    assert_eq!(told, cases().filter(|name| name.contains(part)).count());
    failed
}

#[test]
fn our_own_store_passes_as_a_driver() {
    let folder = TempDir::new().unwrap();
    let store = format!("sqlite:{}", folder.path().join("store.db").display());
    let words = command(&[&binary::path(), &"storage-driver", &"--store", &store]);
    assert_eq!(failed(words, ""), Vec::<String>::new());
}

#[test]
fn the_example_of_the_documentation_passes() {
    let python = python();
    let folder = TempDir::new().unwrap();
    let example = root().join("docs/examples/storage-driver.py");
    let words = command(&[&python, &example, &folder.path().join("store.db")]);
    assert_eq!(failed(words, ""), Vec::<String>::new());
}

#[test]
fn each_broken_driver_is_caught_by_the_case_that_should() {
    let python = python();
    let broken = root().join("tests/data/storage-kit/broken.py");
    let text = std::fs::read_to_string(&broken).unwrap();
    let rows = [
        ("ReusesVersions", "a version is never reused"),
        ("CountsFromTheRows", "no version is reused after reopening"),
        ("IgnoresACheck", "each of several checks can fail a commit"),
        ("SortsByLocale", "entries come in the order of their bytes"),
        ("ChecksBeforeItLocks", "a counter incremented under a check loses nothing"),
        ("LocksOnlyWhatItChanges", "a check guards a row that the commit does not change"),
        ("ReadsRowByRow", "rows written together are read together"),
        ("CommitsRowByRow", "a crash neither loses nor splits a commit"),
        ("AnswersTooEarly", "a crash neither loses nor splits a commit"),
        ("CutsLongValues", "a value of the largest size is read whole"),
        ("KnowsNoLimits", "commits that break a rule are refused and nothing is applied"),
        ("NamesWrongChecks", "only failed checks are named"),
    ];
    assert_eq!(rows.len(), text.matches("(driver.Store):").count(), "a fault has no row");
    for (fault, case) in rows {
        let folder = TempDir::new().unwrap();
        let words = command(&[&python, &broken, &fault, &folder.path().join("store.db")]);
        assert_eq!(failed(words, case), [case], "{fault} went unseen");
    }
}

/// Only this case finds a store that guards nothing but the rows it changes.
#[test]
fn store_that_locks_only_changed_rows_fails_one_case() {
    let folder = TempDir::new().unwrap();
    let broken = root().join("tests/data/storage-kit/broken.py");
    let words = command(&[&python(), &broken, &"LocksOnlyWhatItChanges", &folder.path().join("store.db")]);
    assert_eq!(failed(words, ""), ["a check guards a row that the commit does not change"]);
}

/// A driver that breaks the protocol is reported as such, and no case waits without limit.
#[test]
#[cfg(unix)]
fn drivers_that_break_the_protocol_are_reported() {
    let rows = [
        ("exit 0", "it has closed its stdout, or ended"),
        ("echo hello; cat >/dev/null", "a line that is no JSON"),
        (r#"echo '{"id":7,"ok":{}}'; cat >/dev/null"#, "a call that does not wait"),
        (r#"read line; echo '{"id":1}'; cat >/dev/null"#, "not one of ok and error"),
        (r#"read line; echo '{"id":1,"ok":{"protocol":2,"durable":true}}'; cat >/dev/null"#, "expected"),
        ("exec sleep 600", "no answer to \"open\" within 2 s"),
        (r#"read line; echo '{"id":1,"ok":{"protocol":1,"durable":true}}'; cat >/dev/null; exit 3"#, "exit status: 3"),
    ];
    for (script, part) in rows {
        let error = Driven::new(command(&[&"sh", &"-c", &script]), Duration::from_secs(2)).unwrap_err().to_string();
        assert!(error.contains(part), "{script}: {error}");
    }
    let error = Driven::new(command(&[&"/no/such/driver"]), TIMEOUT).unwrap_err().to_string();
    assert!(error.contains("/no/such/driver"), "{error}");
}

#[test]
fn the_command_prints_a_line_a_case() {
    let run = |options: &[&str], driver: &[&str]| {
        let mut command = Command::new(binary::path());
        command.arg("check-storage").args(options).arg("--").args(driver).stdin(Stdio::null());
        let done = command.output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let binary = binary::path().to_str().unwrap().to_owned();
    let own = [binary.as_str(), "storage-driver", "--store", "memory:"];
    let (code, out, _) = run(&["--case", "reopening"], &own);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("skip  rows are kept after reopening: "), "{out}");
    assert!(out.ends_with("\n0 passed, 0 failed, 2 skipped\n"), "{out}");
    let (code, out, _) = run(&["--case", "half-open"], &own);
    assert!(code == 0 && out.starts_with("pass  a range is half-open (") && out.lines().count() == 2, "{code}: {out}");
    let (code, out, _) = run(&["--list"], &own);
    assert_eq!((code, out.lines().count()), (0, cases().count()));
    let (code, _, error) = run(&["--case", "no such case"], &own);
    assert!(code == 1 && error.contains("no case has \"no such case\" in its name"), "{code}: {error}");
    let (code, _, error) = run(&[], &["/no/such/driver"]);
    assert!(code == 1 && error.contains("/no/such/driver"), "{code}: {error}");
    let (code, _, error) = run(&[], &[]);
    assert!(code == 2 && error.contains("COMMAND"), "{code}: {error}");
    let python = python();
    let broken = root().join("tests/data/storage-kit/broken.py");
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("store.db");
    let driver = [python.to_str().unwrap(), broken.to_str().unwrap(), "ReusesVersions", database.to_str().unwrap()];
    let (code, out, _) = run(&["--case", "never reused"], &driver);
    let begins = "FAIL  a version is never reused: the version of k after 2 deletes: expected none of ";
    assert!(code == 1 && out.starts_with(begins), "{code}: {out}");
    assert!(out.ends_with("0 passed, 1 failed, 0 skipped\n"), "{out}");
}

/// The page shows the calls and answers as they are.
#[test]
fn the_page_of_the_protocol_is_true() {
    let page = std::fs::read_to_string(root().join("docs/storage-kit.md")).unwrap();
    let mut said: Vec<(String, String)> = Vec::new();
    let lines: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    for pair in lines.windows(2) {
        if let (Some(call), Some(answer)) = (pair[0].strip_prefix("-> "), pair[1].strip_prefix("<- ")) {
            said.push((call.to_owned(), answer.to_owned()));
        }
    }
    assert!(said.len() >= 8, "{} calls on the page", said.len());
    let mut driver = Command::new(binary::path());
    driver.args(["storage-driver", "--store", "memory:"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut driver = driver.spawn().unwrap();
    let mut stdin = driver.stdin.take().unwrap();
    let mut stdout = std::io::BufReader::new(driver.stdout.take().unwrap());
    for (call, expected) in said {
        use std::io::{BufRead, Write};
        writeln!(stdin, "{call}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (mut answer, mut expected) = (json(&answer), json(&expected));
        if let (Some(error), Some(on_page)) = (answer.get_mut("error"), expected.get_mut("error")) {
            // Its wording is every store's own.
            error.as_object_mut().unwrap().remove("message");
            on_page.as_object_mut().unwrap().remove("message");
        }
        assert_eq!(answer, expected, "{call}");
    }
    drop(stdin);
    assert!(driver.wait().unwrap().success());
}
