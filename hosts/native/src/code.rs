//! Machine code of a component: compiled in the process, kept in a cache folder, or loaded from a file.

use std::path::Path;
#[cfg(feature = "compiler")]
use std::{
    borrow::Cow,
    ffi::OsStr,
    fs::{DirBuilder, File},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt},
};

#[cfg(feature = "compiler")]
use hookwright_host::COMPONENT;
use hookwright_host::wasmtime::Engine;
use hookwright_host::wasmtime::component::Component;
use rustix::fs::OFlags;
#[cfg(feature = "compiler")]
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Outcome};
use crate::files::{self, PathOption};

/// The mode of a cache folder: only its owner may enter.
#[cfg(feature = "compiler")]
const FOLDER_MODE: u32 = 0o700;

/// Loads a component from a file that [`write`] made. Besides the process's user and root, `owner` may own the file.
pub(crate) fn load(engine: &Engine, path: &Path, owner: Option<u32>) -> Outcome<Component> {
    let option = PathOption::COMPILED;
    let owners = [files::user(), 0, owner.unwrap_or(0)];
    let (folder_path, name) = option.split(path)?;
    let folder = files::open_folder(folder_path, OFlags::empty());
    let folder = folder.map_err(|error| option.unreadable(folder_path, &error))?;
    let metadata = folder.metadata().map_err(|error| option.unreadable(folder_path, &error))?;
    // A user who may rename in the folder can replace the file.
    if !files::is_trusted(&metadata, &owners) {
        return Err(option.untrusted(folder_path, &metadata, "the folder"));
    }
    let (file, metadata) = files::open_file(&folder, name).map_err(|error| option.unreadable(path, &error))?;
    if !files::is_trusted(&metadata, &owners) || !metadata.is_file() {
        return Err(option.untrusted(path, &metadata, "the file"));
    }
    let bytes = files::read_all(file).map_err(|error| option.unreadable(path, &error))?;
    files::verified(&bytes).and_then(|code| deserialize(engine, code)).map_err(|reason| {
        let message = format!("{} is not machine code of this library: {reason}", path.display());
        let hint = "create it again with hw_compile of the same library, on the same kind of machine";
        Failure::file("compiled", &message, hint)
    })
}

/// Compiles a component, or loads it from a cache folder. Also returns why its code is not kept there.
#[cfg(feature = "compiler")]
pub(crate) fn compiled_here(
    engine: &Engine,
    component: Option<&Path>,
    cache: Option<&Path>,
) -> Outcome<(Component, Option<String>)> {
    let component = read_component(component)?;
    match cache {
        Some(folder) => cached(engine, &component, folder),
        None => Ok((Component::new(engine, &component).map_err(|error| uncompilable(&error))?, None)),
    }
}

/// Fails: this library has no compiler.
#[cfg(not(feature = "compiler"))]
pub(crate) fn compiled_here(_: &Engine, _: Option<&Path>, _: Option<&Path>) -> Outcome<(Component, Option<String>)> {
    let hint = "name a file that hw_compile of the library with the compiler has created";
    Err(Failure::invalid("compiled", "is missing: this library was built without the compiler", Some(hint)))
}

/// Compiles a component into a file. Returns the file's size in bytes.
#[cfg(feature = "compiler")]
pub(crate) fn compile_to(engine: &Engine, component: Option<&Path>, to: &Path) -> Outcome<usize> {
    let code = compile(engine, &read_component(component)?)?;
    files::write_path(PathOption::TO, to, &code)
}

/// Fails: this library has no compiler.
#[cfg(not(feature = "compiler"))]
pub(crate) fn compile_to(_: &Engine, _: Option<&Path>, _: &Path) -> Outcome<usize> {
    Err(Failure::engine("this library was built without the compiler"))
}

/// Returns the component from the cache folder. Creates the folder and the file if they are missing.
///
/// The cache only saves time. A cache that cannot be written is skipped, and the reason is returned. One that is not safe is an
/// error.
#[cfg(feature = "compiler")]
fn cached(engine: &Engine, component: &[u8], path: &Path) -> Outcome<(Component, Option<String>)> {
    let option = PathOption::CACHE;
    let failed = |reason: String| Failure::engine(&reason);
    // Without a trailing slash or dot, opening does not follow a symbolic link.
    let components = path.components();
    let path = components.as_path();
    let uncached = |error: &std::io::Error| {
        Some(format!(
            "the machine code is not kept, so every process compiles it: cannot write `cache` {}: {error}",
            path.display()
        ))
    };
    // If this fails, opening the folder fails.
    let created = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
    let folder = match files::open_folder(path, OFlags::NOFOLLOW) {
        Ok(folder) => folder,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let component = deserialize(engine, &compile(engine, component)?).map_err(failed)?;
            return Ok((component, uncached(&created.err().unwrap_or(error))));
        }
        Err(error) => return Err(option.unreadable(path, &error)),
    };
    let metadata = folder.metadata().map_err(|error| option.unreadable(path, &error))?;
    if metadata.uid() != files::user() || metadata.mode() & 0o777 != FOLDER_MODE {
        return Err(option.untrusted(path, &metadata, "the cache folder"));
    }
    let name = cache_name(component);
    let name = OsStr::new(&name);
    if let Some(bytes) = read_own(&folder, name)
        && let Ok(component) = files::verified(&bytes).and_then(|code| deserialize(engine, code))
    {
        return Ok((component, None));
    }
    let code = compile(engine, component)?;
    let written = files::write(&folder, name, &code);
    Ok((deserialize(engine, &code).map_err(failed)?, written.err().as_ref().and_then(uncached)))
}

/// Returns the file name of a component's machine code in a cache folder.
#[cfg(feature = "compiler")]
fn cache_name(component: &[u8]) -> String {
    let hash = hex::encode(Sha256::digest(component));
    format!("hookwright-{}-{}.compiled", env!("CARGO_PKG_VERSION"), &hash[..32])
}

/// Reads a file of the cache if the process's user owns it and no other user can write it.
#[cfg(feature = "compiler")]
fn read_own(folder: &File, name: &OsStr) -> Option<Vec<u8>> {
    let (file, metadata) = files::open_file(folder, name).ok()?;
    if !metadata.is_file() || !files::is_trusted(&metadata, &[files::user()]) {
        return None;
    }
    files::read_all(file).ok()
}

/// Returns the built-in component, or the one in a file.
#[cfg(feature = "compiler")]
fn read_component(path: Option<&Path>) -> Outcome<Cow<'static, [u8]>> {
    let Some(path) = path else { return Ok(Cow::Borrowed(COMPONENT)) };
    std::fs::read(path).map(Cow::Owned).map_err(|error| PathOption::COMPONENT.unreadable(path, &error))
}

#[cfg(feature = "compiler")]
fn compile(engine: &Engine, component: &[u8]) -> Outcome<Vec<u8>> {
    engine.precompile_component(component).map_err(|error| uncompilable(&error))
}

#[cfg(feature = "compiler")]
fn uncompilable(error: &hookwright_host::wasmtime::Error) -> Failure {
    Failure::engine(&format!("the component does not compile: {error:#}"))
}

fn deserialize(engine: &Engine, code: &[u8]) -> Result<Component, String> {
    // SAFETY: this library just produced the code, or it comes undamaged from a file that only the process's user, root or a
    // user whom the caller trusts can have written.
    unsafe { Component::deserialize(engine, code) }.map_err(|error| format!("{error:#}"))
}
