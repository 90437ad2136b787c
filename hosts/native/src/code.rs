//! Machine code in files. It decides whose files are trusted; whether the code fits this library is wasmtime's to tell.

use std::ffi::OsStr;
#[cfg(feature = "compiler")]
use std::fs::DirBuilder;
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read, Result, Write};
#[cfg(feature = "compiler")]
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hookwright_host::wasmtime::Engine;
use hookwright_host::wasmtime::component::Component;
use rustix::fs::{AtFlags, Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::failure::{Answer, Failure};

/// Nobody but its owner may enter a cache folder.
#[cfg(feature = "compiler")]
const FOLDER_MODE: u32 = 0o700;
/// Nobody but its owner may read and write a file.
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// A file begins with the SHA-256 of the code after it: wasmtime runs what is damaged.
const DIGEST_BYTES: usize = 32;

const CACHE_HINT: &str = "a folder of this user's own, not a link, with mode 700";

/// Writable by the group or by everybody.
const OTHERS_WRITE: u32 = 0o022;

/// The component that a file of [`write`] has. `owner` may own it besides the process's user and root.
pub(crate) fn load(engine: &Engine, path: &Path, owner: Option<u32>) -> Answer<Component> {
    let field = "compiled";
    let trusted = |metadata: &Metadata| {
        [Some(user()), Some(0), owner].contains(&Some(metadata.uid())) && metadata.mode() & OTHERS_WRITE == 0
    };
    let (folder_path, name) = place(field, path)?;
    let folder = folder(folder_path, OFlags::empty()).map_err(|error| unreadable(field, folder_path, &error))?;
    let metadata = folder.metadata().map_err(|error| unreadable(field, folder_path, &error))?;
    // Who may rename in the folder may put another file in the place of this one.
    if !trusted(&metadata) {
        return Err(unsafe_path(field, folder_path, &metadata, "the folder"));
    }
    let (mut file, metadata) = open(&folder, name).map_err(|error| unreadable(field, path, &error))?;
    if !trusted(&metadata) || !metadata.is_file() {
        return Err(unsafe_path(field, path, &metadata, "the file"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| unreadable(field, path, &error))?;
    whole(&bytes).and_then(|code| deserialize(engine, code)).map_err(|reason| {
        let message = format!("{} is not machine code of this library: {reason}", path.display());
        Failure::file(field, &message, "make it anew with hw_compile of the same library, on the same kind of machine")
    })
}

/// The component from the cache folder, which is made if it is not there; compiled and kept if it is not in it. The cache
/// saves time: one that cannot be written is done without, and only one that is not safe is an error.
#[cfg(feature = "compiler")]
pub(crate) fn cached(engine: &Engine, component: &[u8], path: &Path) -> Answer<Component> {
    let field = "cache";
    // A link is one also where a slash or a dot follows it.
    let components = path.components();
    let path = components.as_path();
    // Whether it could be made is found out when it is opened.
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).ok();
    let folder = match folder(path, OFlags::NOFOLLOW) {
        Ok(folder) => folder,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return deserialize(engine, &compile(engine, component)?).map_err(|reason| Failure::engine(&reason));
        }
        Err(error) => return Err(unreadable(field, path, &error)),
    };
    let metadata = folder.metadata().map_err(|error| unreadable(field, path, &error))?;
    if metadata.uid() != user() || metadata.mode() & 0o777 != FOLDER_MODE {
        return Err(unsafe_path(field, path, &metadata, "the cache folder"));
    }
    let name = name(component);
    let name = OsStr::new(&name);
    if let Some(bytes) = read_own(&folder, name)
        && let Ok(component) = whole(&bytes).and_then(|code| deserialize(engine, code))
    {
        return Ok(component);
    }
    let code = compile(engine, component)?;
    write_in(&folder, name, &code).ok();
    deserialize(engine, &code).map_err(|reason| Failure::engine(&reason))
}

/// A component's machine code.
#[cfg(feature = "compiler")]
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Answer<Vec<u8>> {
    let compiled = engine.precompile_component(component);
    compiled.map_err(|error| Failure::engine(&format!("the component does not compile: {error:#}")))
}

/// Writes a file anew, so that nobody sees half of it, and answers its size.
pub(crate) fn write(field: &str, path: &Path, code: &[u8]) -> Answer<usize> {
    let (folder_path, name) = place(field, path)?;
    let written = folder(folder_path, OFlags::empty()).and_then(|folder| write_in(&folder, name, code));
    written.map_err(|error| unwritable(field, path, &error))
}

fn write_in(folder: &File, name: &OsStr, code: &[u8]) -> Result<usize> {
    let mut beside = name.to_owned();
    beside.push(format!(".{}-{}", std::process::id(), crate::handles::fresh()));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let written = rustix::fs::openat(folder, &beside, flags, FILE_MODE).map_err(Error::from).and_then(|file| {
        let mut file = File::from(file);
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.sync_all()?;
        Ok(rustix::fs::renameat(folder, &beside, folder, name)?)
    });
    if written.is_err() {
        // Whatever went wrong, half a file is of no use.
        rustix::fs::unlinkat(folder, &beside, AtFlags::empty()).ok();
    }
    written.map(|()| DIGEST_BYTES + code.len())
}

/// The name that a component's machine code has in a cache folder.
#[cfg(feature = "compiler")]
fn name(component: &[u8]) -> String {
    let hash = hex::encode(Sha256::digest(component));
    format!("hookwright-{}-{}.compiled", env!("CARGO_PKG_VERSION"), &hash[..32])
}

/// A file of the cache, if it is the user's own and nobody else can have written it.
#[cfg(feature = "compiler")]
fn read_own(folder: &File, name: &OsStr) -> Option<Vec<u8>> {
    let (mut file, metadata) = open(folder, name).ok()?;
    if !metadata.is_file() || metadata.uid() != user() || metadata.mode() & OTHERS_WRITE != 0 {
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The folder that a file is in, and the file's name there.
fn place<'a>(field: &str, path: &'a Path) -> Answer<(&'a Path, &'a OsStr)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| Failure::invalid(field, "must end with the name of a file", None))?;
    Ok((folder, name))
}

/// Opens a folder once: what is found out about it holds for what is done in it, whatever becomes of its path meanwhile.
fn folder(path: &Path, flags: OFlags) -> Result<File> {
    let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

fn open(folder: &File, name: &OsStr) -> Result<(File, Metadata)> {
    // A pipe is not waited for: that it is no file is found out next.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// The code in a file, if it is what was written.
fn whole(bytes: &[u8]) -> std::result::Result<&[u8], String> {
    match bytes.split_at_checked(DIGEST_BYTES) {
        Some((digest, code)) if Sha256::digest(code)[..] == *digest => Ok(code),
        _ => Err("it is damaged, or of another release".to_owned()),
    }
}

fn deserialize(engine: &Engine, code: &[u8]) -> std::result::Result<Component, String> {
    // SAFETY: the code is this library's own, or comes whole from a file that nobody but the process's user, root or whom the
    // caller trusts can have written.
    unsafe { Component::deserialize(engine, code) }.map_err(|error| format!("{error:#}"))
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn unsafe_path(field: &str, path: &Path, metadata: &Metadata, what: &str) -> Failure {
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let message = format!(
        "{what} {} cannot be trusted with code: it belongs to user {owner}, its mode is {mode:o}, and the process's user is {}",
        path.display(),
        user()
    );
    let hint = if field == "cache" {
        CACHE_HINT
    } else {
        "a file and a folder of this user's, root's or compiledOwner's, not links, writable by nobody else"
    };
    Failure::file(field, &message, hint)
}

fn unreadable(field: &str, path: &Path, error: &Error) -> Failure {
    let hint = match error.kind() {
        _ if field == "cache" => CACHE_HINT,
        ErrorKind::NotFound => "it is not there",
        ErrorKind::PermissionDenied => "let the process's user read it",
        _ => "it must be a file, not a link",
    };
    Failure::file(field, &format!("cannot read {}: {error}", path.display()), hint)
}

fn unwritable(field: &str, path: &Path, error: &Error) -> Failure {
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
