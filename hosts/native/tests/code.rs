//! Files of machine code: created, loaded again, and trusted only if no other user can have written them.

use std::ffi::CString;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use hookwright_engine::memory::MemoryStore;
use hookwright_native::{hw_compile, hw_version};
use serde_json::{Value, json};

use crate::host::{Answer, Engine, FAILED, OK, answer, cache, engine, error, instance, misused, open};
use crate::traps::component;

/// Number of times a folder is opened while a symbolic link to it changes.
const TURNS: usize = 500;

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn open_compiled(path: &Path) -> (Engine, Answer) {
    open(&json!({"compiled": path}))
}

/// Checks that the options are refused with an error of the field, whose message has a text.
fn check_refused(options: Value, field: &str, text: &str) {
    let (_, answer) = open(&options);
    assert!(answer.1["message"].as_str().unwrap_or_default().contains(text), "{options}: {}", answer.1);
    assert_eq!(error(answer), (FAILED, "file".to_owned(), field.to_owned()), "{options}");
}

/// Creates a file of machine code. It copies the file from the tests' cache, because compiling takes long.
fn write_compiled(to: &Path) {
    drop(engine());
    let (_, version) = answer(|answer| unsafe { hw_version(answer) });
    let component = &version["component"].as_str().unwrap()[..32];
    let mut files = std::fs::read_dir(cache()).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.to_str().unwrap().ends_with(&format!("{component}.compiled"))).unwrap();
    std::fs::copy(file, to).unwrap();
    set_mode(to, 0o600);
}

#[test]
fn cache_is_created_for_its_user_and_read_again() {
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
    assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()), "the file was written again");
}

#[test]
fn cache_that_other_users_can_enter_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    for open in [0o777, 0o770, 0o755, 0o701] {
        set_mode(&cache, open);
        check_refused(json!({"cache": cache}), "cache", &format!("{open:o}"));
    }
    set_mode(&cache, 0o700);
    let link = folder.path().join("link");
    symlink(&cache, &link).unwrap();
    for link in [link.clone(), link.join(""), link.join(".")] {
        check_refused(json!({"cache": link}), "cache", "cannot read");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    check_refused(json!({"cache": file}), "cache", "cannot read");
}

#[test]
fn compiled_file_that_other_users_can_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("hookwright.compiled"), folder.path().join("link"));
    write_compiled(&file);
    let (from_file, answer) = open_compiled(&file);
    assert_eq!(answer, (OK, Value::Null));
    instance(&from_file, MemoryStore::new()).ok("webhooks.event-types", &json!({}));

    let with = |path: &Path| json!({"compiled": path});
    for open in [0o622, 0o660, 0o602] {
        set_mode(&file, open);
        check_refused(with(&file), "compiled", &format!("{open:o}"));
    }
    set_mode(&file, 0o644);
    symlink(&file, &link).unwrap();
    check_refused(with(&link), "compiled", "cannot read");
    set_mode(folder.path(), 0o777);
    check_refused(with(&file), "compiled", "the folder");
    set_mode(folder.path(), 0o755);
    assert_eq!(open_compiled(&file).1.0, OK);

    // Only root can change the owner of a file.
    if chown(&file, Some(4_711), None).is_ok() {
        check_refused(with(&file), "compiled", "its owner is user 4711");
        assert_eq!(open(&json!({"compiled": file, "compiledOwner": 4_711})).1.0, OK);
    }
    let text = folder.path().join("text");
    std::fs::write(&text, "no code").unwrap();
    check_refused(with(&text), "compiled", "is not machine code");
}

#[test]
fn cache_that_cannot_be_read_or_written_is_skipped_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (component, cache) = (component(folder.path()), folder.path().join("cache"));
    let opened = |cache: &Path| open(&json!({"component": component, "cache": cache})).1;
    let open_cached = |cache: &Path| assert_eq!(opened(cache), (OK, Value::Null));
    let open_uncached = |cache: &Path| {
        let (status, answer) = opened(cache);
        assert_eq!(status, OK);
        let problem = answer["problems"][0].as_str().unwrap();
        assert!(
            problem.contains(cache.to_str().unwrap()) && problem.contains("every process compiles it"),
            "{problem}"
        );
    };
    open_cached(&cache);
    let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&file).unwrap();
    // A damaged file is written again, wherever the damage is.
    for place in [0, 40, good.len() / 2, good.len() - 1] {
        let mut damaged = good.clone();
        damaged[place] ^= 0xff;
        std::fs::write(&file, damaged).unwrap();
        open_cached(&cache);
        assert!(std::fs::read(&file).unwrap() == good, "byte {place}");
    }
    std::fs::remove_file(&file).unwrap();
    fifo(&file);
    open_cached(&cache);
    assert!(std::fs::read(&file).unwrap() == good);
    // A file that cannot be renamed into place is no error, and leaves no temporary file.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    open_uncached(&cache);
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    // No folder can be created there.
    open_uncached(Path::new("/proc/hookwright"));
}

fn fifo(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

#[test]
fn compiled_file_that_is_damaged_or_irregular_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hookwright.compiled");
    write_compiled(&file);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    check_refused(json!({"compiled": file}), "compiled", "it is damaged");
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    check_refused(json!({"compiled": pipe}), "compiled", "the file");
    let (_, answer) = open(&json!({"compiled": folder.path().join("..")}));
    assert_eq!(error(answer), misused("invalid", "compiled"));
}

/// A symbolic link points to a safe and to an unsafe folder by turns. The checks of one folder must not count for the other.
#[test]
fn file_is_read_in_the_folder_that_was_checked() {
    let root = tempfile::tempdir().unwrap();
    let [good, bad, link, next] = ["good", "bad", "link", "next"].map(|name| root.path().join(name));
    for (folder, open) in [(&good, 0o755), (&bad, 0o777)] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("x"), "no code").unwrap();
        set_mode(&folder.join("x"), open);
        set_mode(folder, open);
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
            let (_, (_, value)) = open(&json!({"compiled": link.join("x")}));
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
fn component_is_compiled_into_a_file_of_its_user() {
    let folder = tempfile::tempdir().unwrap();
    // The smallest component, so that compiling is fast.
    let component = folder.path().join("empty.wasm");
    std::fs::write(&component, wat::parse_str("(component)").unwrap()).unwrap();
    let compile = |options: Value| {
        let options = options.to_string();
        answer(|answer| unsafe { hw_compile(options.as_ptr().cast(), options.len(), answer) })
    };
    let to = folder.path().join("empty.compiled");
    let (status, value) = compile(json!({"component": component, "to": to}));
    assert_eq!(status, OK, "{value}");
    let metadata = std::fs::metadata(&to).unwrap();
    assert_eq!((value["bytes"].as_u64().unwrap(), metadata.mode() & 0o777), (metadata.len(), 0o600));
    // It loads, but has not the exports of Hookwright.
    let (status, kind, _) = error(open_compiled(&to).1);
    assert_eq!((status, kind.as_str()), (FAILED, "engine"));

    let text = folder.path().join("text");
    std::fs::write(&text, "no component").unwrap();
    let (status, kind, _) = error(compile(json!({"component": text, "to": to})));
    assert_eq!((status, kind.as_str()), (FAILED, "engine"));
    let nowhere = folder.path().join("nowhere/x");
    assert_eq!(error(compile(json!({"component": component, "to": nowhere}))), (FAILED, "file".into(), "to".into()));
}

#[test]
fn kept_engine_is_returned_again_without_reading_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hookwright.compiled");
    write_compiled(&file);
    let kept = json!({"compiled": file, "keep": true});
    let (first, answer) = open(&kept);
    assert_eq!(answer.0, OK, "{}", answer.1);
    std::fs::remove_file(&file).unwrap();
    check_refused(json!({"compiled": file}), "compiled", "cannot read");
    let (again, answer) = open(&kept);
    assert_eq!(answer.0, OK, "{}", answer.1);
    // Both handles are the same. Closing one keeps the engine open.
    assert_eq!(again.0, first.0);
    drop(first);
    instance(&again, MemoryStore::new()).ok("webhooks.event-types", &json!({}));
}
