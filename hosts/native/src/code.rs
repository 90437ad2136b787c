//! Machine code in files. It decides whose files are trusted; whether the code fits this library is wasmtime's to tell.

#[cfg(feature = "compiler")]
use std::fs::DirBuilder;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
#[cfg(feature = "compiler")]
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hookwright_host::wasmtime::Engine;
use hookwright_host::wasmtime::component::Component;
use sha2::{Digest, Sha256};

use crate::failure::{Answer, Failure};

/// Nobody but its owner may enter a cache folder.
#[cfg(feature = "compiler")]
const FOLDER_MODE: u32 = 0o700;
/// Nobody but its owner may read and write a file.
const FILE_MODE: u32 = 0o600;

/// Writable by the group or by everybody.
const OTHERS_WRITE: u32 = 0o022;

/// The component that a file of [`write`] has. `owner` may own it besides the process's user and root.
pub(crate) fn load(engine: &Engine, path: &Path, owner: Option<u32>) -> Answer<Component> {
    let field = "compiled";
    let trusted = |metadata: &Metadata| {
        [Some(user()), Some(0), owner].contains(&Some(metadata.uid())) && metadata.mode() & OTHERS_WRITE == 0
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let metadata = std::fs::metadata(folder).map_err(|error| unreadable(field, folder, &error))?;
    // Who may rename in the folder may put another file in the place of this one.
    if !trusted(&metadata) {
        return Err(unsafe_path(field, folder, &metadata, "the folder"));
    }
    let mut file = open(path).map_err(|error| unreadable(field, path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(field, path, &error))?;
    if !trusted(&metadata) || !metadata.is_file() {
        return Err(unsafe_path(field, path, &metadata, "the file"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| unreadable(field, path, &error))?;
    deserialize(engine, &bytes).map_err(|error| {
        let message = format!("{} is not machine code of this library: {error:#}", path.display());
        Failure::file(field, &message, "make it anew with hw_compile of the same library, on the same kind of machine")
    })
}

/// The component from the cache folder, which is made if it is not there; compiled and kept if it is not in it.
#[cfg(feature = "compiler")]
pub(crate) fn cached(engine: &Engine, component: &[u8], folder: &Path) -> Answer<Component> {
    let field = "cache";
    let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    made.map_err(|error| unwritable(field, folder, &error))?;
    let metadata = std::fs::symlink_metadata(folder).map_err(|error| unreadable(field, folder, &error))?;
    if !metadata.is_dir() || metadata.uid() != user() || metadata.mode() & 0o777 != FOLDER_MODE {
        return Err(unsafe_path(field, folder, &metadata, "the cache folder"));
    }
    let path = folder.join(name(component));
    if let Some(bytes) = read_own(&path)
        && let Ok(component) = deserialize(engine, &bytes)
    {
        return Ok(component);
    }
    let bytes = compile(engine, component)?;
    write(field, &path, &bytes)?;
    deserialize(engine, &bytes).map_err(|error| Failure::engine(&format!("{error:#}")))
}

/// A component's machine code.
#[cfg(feature = "compiler")]
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Answer<Vec<u8>> {
    let compiled = engine.precompile_component(component);
    compiled.map_err(|error| Failure::engine(&format!("the component does not compile: {error:#}")))
}

/// Writes a file anew, so that nobody sees half of it.
pub(crate) fn write(field: &str, path: &Path, bytes: &[u8]) -> Answer<()> {
    let unwritable = |error| unwritable(field, path, &error);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}-{}", std::process::id(), crate::handles::fresh()));
    let beside = PathBuf::from(beside);
    let written = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    if written.is_err() {
        // Whatever went wrong, half a file is of no use.
        std::fs::remove_file(&beside).ok();
    }
    written.map_err(unwritable)
}

/// The name that a component's machine code has in a cache folder.
#[cfg(feature = "compiler")]
fn name(component: &[u8]) -> String {
    let hash = hex::encode(Sha256::digest(component));
    format!("hookwright-{}-{}.compiled", env!("CARGO_PKG_VERSION"), &hash[..32])
}

/// A file of the cache, if it is the user's own and nobody else can have written it.
#[cfg(feature = "compiler")]
fn read_own(path: &Path) -> Option<Vec<u8>> {
    let mut file = open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.uid() != user() || metadata.mode() & OTHERS_WRITE != 0 {
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).open(path)
}

fn deserialize(engine: &Engine, bytes: &[u8]) -> hookwright_host::wasmtime::Result<Component> {
    // SAFETY: the bytes are this library's own, or come from a file that nobody but the process's user, root or whom the
    // caller trusts can have written.
    unsafe { Component::deserialize(engine, bytes) }
}

fn user() -> u32 {
    // SAFETY: it has no preconditions and cannot fail.
    unsafe { libc::geteuid() }
}

fn unsafe_path(field: &str, path: &Path, metadata: &Metadata, what: &str) -> Failure {
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let message = format!(
        "{what} {} cannot be trusted with code: it belongs to user {owner}, its mode is {mode:o}, and the process's user is {}",
        path.display(),
        user()
    );
    let hint = if field == "cache" {
        "a folder of this user's own, not a link, with mode 700"
    } else {
        "a file and a folder of this user's, root's or compiledOwner's, not links, writable by nobody else"
    };
    Failure::file(field, &message, hint)
}

fn unreadable(field: &str, path: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::NotFound => "it is not there",
        ErrorKind::PermissionDenied => "let the process's user read it",
        _ => "it must be a file, not a link",
    };
    Failure::file(field, &format!("cannot read {}: {error}", path.display()), hint)
}

fn unwritable(field: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::file(
        field,
        &format!("cannot write {}: {error}", path.display()),
        "let the process's user write there, or choose another place",
    )
}

/// A component as a file.
#[cfg(feature = "compiler")]
pub(crate) fn read_component(path: &str) -> Answer<Vec<u8>> {
    std::fs::read(path).map_err(|error| unreadable("component", Path::new(path), &error))
}

/// Names a component.
pub(crate) fn fingerprint(component: &[u8]) -> String {
    hex::encode(Sha256::digest(component))
}
