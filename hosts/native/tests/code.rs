//! Machine code in files: kept, found again, and trusted only where nobody else can have written it.

use std::ffi::CString;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use hookwright_engine::memory::MemoryStore;
use hookwright_native::{hw_compile, hw_version};
use serde_json::{Value, json};

use crate::host::{Engine, FAILED, MISUSED, OK, answered, cache, engine, error, instance, opened};
use crate::traps::component;

/// How often a folder is opened that becomes another meanwhile.
const TURNS: usize = 500;

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn open(name: &str, path: &Path) -> (Engine, (i32, Value)) {
    opened(&json!({name: path}).to_string())
}

fn refused(options: Value, field: &str, word: &str) {
    let (_, answer) = opened(&options.to_string());
    assert!(answer.1["message"].as_str().unwrap_or_default().contains(word), "{options}: {}", answer.1);
    assert_eq!(error(answer), (FAILED, "file".to_owned(), field.to_owned()), "{options}");
}

/// What the tests' common cache holds is machine code of this library: no test compiles a second time.
fn compiled(to: &Path) {
    drop(engine());
    let (_, version) = answered(|answer| unsafe { hw_version(answer) });
    let component = &version["component"].as_str().unwrap()[..32];
    let mut files = std::fs::read_dir(cache()).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.to_str().unwrap().ends_with(&format!("{component}.compiled"))).unwrap();
    std::fs::copy(file, to).unwrap();
    mode(to, 0o600);
}

#[test]
fn a_cache_is_made_for_its_user_alone_and_read_again() {
    drop(engine());
    let folder = cache();
    let metadata = std::fs::metadata(&folder).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()).collect();
    let name = |name: &str| files.iter().filter(|file| file.file_name().to_str().unwrap().ends_with(name)).count();
    assert!(name(".compiled") >= 1);
    let file = files.iter().find(|file| file.file_name().to_str().unwrap().ends_with(".compiled")).unwrap();
    let before = file.metadata().unwrap();
    assert_eq!(before.mode() & 0o777, 0o600);
    drop(engine());
    let after = file.metadata().unwrap();
    assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()), "it was not read but made anew");
}

#[test]
fn a_cache_that_others_can_enter_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    for open in [0o777, 0o770, 0o755, 0o701] {
        mode(&cache, open);
        refused(json!({"cache": cache}), "cache", &format!("{open:o}"));
    }
    mode(&cache, 0o700);
    let link = folder.path().join("link");
    symlink(&cache, &link).unwrap();
    for link in [link.clone(), link.join(""), link.join(".")] {
        refused(json!({"cache": link}), "cache", "cannot read");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    refused(json!({"cache": file}), "cache", "cannot read");
}

#[test]
fn compiled_code_is_taken_from_files_that_nobody_else_can_write() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("hookwright.compiled"), folder.path().join("link"));
    compiled(&file);
    let (from_file, answer) = open("compiled", &file);
    assert_eq!(answer, (OK, Value::Null));
    instance(&from_file, MemoryStore::new()).ok("webhooks.event-types", &json!({}));

    let with = |path: &Path| json!({"compiled": path});
    for open in [0o622, 0o660, 0o602] {
        mode(&file, open);
        refused(with(&file), "compiled", &format!("{open:o}"));
    }
    mode(&file, 0o644);
    symlink(&file, &link).unwrap();
    refused(with(&link), "compiled", "cannot read");
    mode(folder.path(), 0o777);
    refused(with(&file), "compiled", "the folder");
    mode(folder.path(), 0o755);
    assert_eq!(open("compiled", &file).1.0, OK);

    // Only root can give a file away.
    if chown(&file, Some(4_711), None).is_ok() {
        refused(with(&file), "compiled", "belongs to user 4711");
        assert_eq!(opened(&json!({"compiled": file, "compiledOwner": 4_711}).to_string()).1.0, OK);
    }
    let text = folder.path().join("text");
    std::fs::write(&text, "no code").unwrap();
    refused(with(&text), "compiled", "is not machine code");
}

#[test]
fn a_cache_that_cannot_be_written_or_read_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let (component, cache) = (component(folder.path()), folder.path().join("cache"));
    let open = |cache: &Path| assert_eq!(opened(&json!({"component": component, "cache": cache}).to_string()).1.0, OK);
    open(&cache);
    let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&file).unwrap();
    // What is damaged is made anew, wherever it is.
    for place in [0, 40, good.len() / 2, good.len() - 1] {
        let mut damaged = good.clone();
        damaged[place] ^= 0xff;
        std::fs::write(&file, damaged).unwrap();
        open(&cache);
        assert!(std::fs::read(&file).unwrap() == good, "byte {place}");
    }
    std::fs::remove_file(&file).unwrap();
    fifo(&file);
    open(&cache);
    assert!(std::fs::read(&file).unwrap() == good);
    // What cannot be put into its place stops nobody, and leaves nothing behind.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    open(&cache);
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    // Nobody can make a folder there.
    open(Path::new("/proc/hookwright"));
}

fn fifo(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

#[test]
fn compiled_code_that_is_damaged_or_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hookwright.compiled");
    compiled(&file);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    refused(json!({"compiled": file}), "compiled", "it is damaged");
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    refused(json!({"compiled": pipe}), "compiled", "the file");
    let (_, answer) = opened(&json!({"compiled": folder.path().join("..")}).to_string());
    assert_eq!(error(answer), (MISUSED, "invalid".to_owned(), "compiled".to_owned()));
}

/// A link that leads to a good folder and to a bad one by turns: what is found out about the one is not taken for the other's.
#[test]
fn a_file_is_read_in_the_folder_that_was_looked_at() {
    let root = tempfile::tempdir().unwrap();
    let [good, bad, link, next] = ["good", "bad", "link", "next"].map(|name| root.path().join(name));
    for (folder, open) in [(&good, 0o755), (&bad, 0o777)] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("x"), "no code").unwrap();
        mode(&folder.join("x"), open);
        mode(folder, open);
    }
    symlink(&good, &link).unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for to in [&bad, &good].into_iter().cycle() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                symlink(to, &next).unwrap();
                std::fs::rename(&next, &link).unwrap();
            }
        });
        for _ in 0..TURNS {
            let (_, (_, value)) = opened(&json!({"compiled": link.join("x")}).to_string());
            let message = value["message"].as_str().unwrap();
            let expected = message.contains("is not machine code") || message.contains("the folder");
            if !expected {
                ended.store(true, Ordering::Relaxed);
            }
            assert!(expected, "{message}");
        }
        ended.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_component_is_compiled_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    // The smallest component.
    let component = folder.path().join("empty.wasm");
    std::fs::write(&component, wat::parse_str("(component)").unwrap()).unwrap();
    let compile = |options: Value| {
        let options = options.to_string();
        answered(|answer| unsafe { hw_compile(options.as_ptr().cast(), options.len(), answer) })
    };
    let to = folder.path().join("empty.compiled");
    let (status, value) = compile(json!({"component": component, "to": to}));
    assert_eq!(status, OK, "{value}");
    let metadata = std::fs::metadata(&to).unwrap();
    assert_eq!((value["bytes"].as_u64().unwrap(), metadata.mode() & 0o777), (metadata.len(), 0o600));
    // It loads, and is no Hookwright.
    let (status, kind, _) = error(open("compiled", &to).1);
    assert_eq!((status, kind.as_str()), (FAILED, "engine"));

    let text = folder.path().join("text");
    std::fs::write(&text, "no component").unwrap();
    let (status, kind, _) = error(compile(json!({"component": text, "to": to})));
    assert_eq!((status, kind.as_str()), (FAILED, "engine"));
    let nowhere = folder.path().join("nowhere/x");
    assert_eq!(error(compile(json!({"component": component, "to": nowhere}))), (FAILED, "file".into(), "to".into()));
}

#[test]
fn an_engine_that_is_kept_is_given_again_without_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hookwright.compiled");
    compiled(&file);
    let kept = json!({"compiled": file, "keep": true}).to_string();
    let (first, answer) = opened(&kept);
    assert_eq!(answer.0, OK, "{}", answer.1);
    std::fs::remove_file(&file).unwrap();
    refused(json!({"compiled": file}), "compiled", "cannot read");
    let (again, answer) = opened(&kept);
    assert_eq!(answer.0, OK, "{}", answer.1);
    // It is one engine of one number, which nobody's closing takes from the others.
    assert_eq!(again.0, first.0);
    drop(first);
    instance(&again, MemoryStore::new()).ok("webhooks.event-types", &json!({}));
}
