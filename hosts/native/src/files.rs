//! Files of machine code: opened by folder and name, checked for their owner and mode, written whole or not at all.
//!
//! It decides which files are trusted. Whether the code fits this library is left to wasmtime.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
#[cfg(feature = "compiler")]
use std::io::Write;
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[cfg(feature = "compiler")]
use rustix::fs::AtFlags;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Outcome};
#[cfg(feature = "compiler")]
use crate::handles;

/// The mode of a written file: readable and writable by its owner only.
#[cfg(feature = "compiler")]
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// A file begins with the SHA-256 of the code after it, because wasmtime runs damaged code without an error.
const DIGEST_BYTES: usize = 32;
/// Mode bits that let the group or everybody write.
const OTHERS_WRITE: u32 = 0o022;

#[cfg(feature = "compiler")]
const SAFE_FOLDER: &str = "use a folder that the process's user owns, with mode 700, not a symbolic link";
const SAFE_FILE: &str =
    "use a file and a folder owned by this user, root or compiledOwner, not symbolic links, writable by no other user";

/// An option that names a path, with the hints of its errors.
#[derive(Clone, Copy)]
pub(crate) struct PathOption {
    name: &'static str,
    /// The hint for a path that cannot be read. None: the hint depends on the error.
    unreadable: Option<&'static str>,
    /// The hint for a path with an unsafe owner or mode.
    untrusted: &'static str,
}

impl PathOption {
    #[cfg(feature = "compiler")]
    pub(crate) const CACHE: PathOption =
        PathOption { name: "cache", unreadable: Some(SAFE_FOLDER), untrusted: SAFE_FOLDER };
    pub(crate) const COMPILED: PathOption = PathOption { name: "compiled", unreadable: None, untrusted: SAFE_FILE };
    #[cfg(feature = "compiler")]
    pub(crate) const COMPONENT: PathOption = PathOption { name: "component", unreadable: None, untrusted: SAFE_FILE };
    #[cfg(feature = "compiler")]
    pub(crate) const TO: PathOption = PathOption { name: "to", unreadable: None, untrusted: SAFE_FILE };

    /// The error of a path that cannot be read.
    pub(crate) fn unreadable(self, path: &Path, error: &Error) -> Failure {
        let hint = self.unreadable.unwrap_or(match error.kind() {
            ErrorKind::NotFound => "check the path: there is no such file",
            ErrorKind::PermissionDenied => "let the process's user read it",
            _ => "use a regular file, not a symbolic link",
        });
        Failure::file(self.name, &format!("cannot read {}: {error}", path.display()), hint)
    }

    /// The error of a path that other users can write, or that another user owns.
    pub(crate) fn untrusted(self, path: &Path, metadata: &Metadata, what: &str) -> Failure {
        let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        let message = format!(
            "{what} {} cannot be trusted with machine code: its owner is user {owner}, its mode is {mode:o}, and the process's user is {}",
            path.display(),
            user()
        );
        Failure::file(self.name, &message, self.untrusted)
    }

    /// Splits a path into the folder and the file's name.
    pub(crate) fn split(self, path: &Path) -> Outcome<(&Path, &OsStr)> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| Failure::invalid(self.name, "must end with a file name", None))?;
        Ok((folder, name))
    }
}

/// Opens a folder. Later checks and reads use the opened folder, so replacing its path in between has no effect.
pub(crate) fn open_folder(path: &Path, flags: OFlags) -> Result<File> {
    let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Opens a file in a folder.
pub(crate) fn open_file(folder: &File, name: &OsStr) -> Result<(File, Metadata)> {
    // Opening a pipe must not block. The metadata tells that it is not a regular file.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Reads a file that holds a digest and code.
pub(crate) fn read_all(mut file: File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the code in a file's bytes if its digest matches.
pub(crate) fn verified(bytes: &[u8]) -> std::result::Result<&[u8], String> {
    match bytes.split_at_checked(DIGEST_BYTES) {
        Some((digest, code)) if Sha256::digest(code)[..] == *digest => Ok(code),
        _ => Err("it is damaged, or from another release".to_owned()),
    }
}

/// Writes a file with a digest and code, and renames it into place. Returns its size in bytes.
#[cfg(feature = "compiler")]
pub(crate) fn write(folder: &File, name: &OsStr, code: &[u8]) -> Result<usize> {
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}-{}", std::process::id(), handles::fresh()));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let written = rustix::fs::openat(folder, &temporary, flags, FILE_MODE).map_err(Error::from).and_then(|file| {
        let mut file = File::from(file);
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.sync_all()?;
        Ok(rustix::fs::renameat(folder, &temporary, folder, name)?)
    });
    if written.is_err() {
        // Half a file is useless. If it cannot be removed either, nothing reads it.
        rustix::fs::unlinkat(folder, &temporary, AtFlags::empty()).ok();
    }
    written.map(|()| DIGEST_BYTES + code.len())
}

/// Writes the file of an option.
#[cfg(feature = "compiler")]
pub(crate) fn write_path(option: PathOption, path: &Path, code: &[u8]) -> Outcome<usize> {
    let (folder, name) = option.split(path)?;
    let written = open_folder(folder, OFlags::empty()).and_then(|folder| write(&folder, name, code));
    written.map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::file(option.name, &message, "let the process's user write there, or choose another path")
    })
}

/// Returns true if one of these users owns the file and no other user can write it.
pub(crate) fn is_trusted(metadata: &Metadata, owners: &[u32]) -> bool {
    owners.contains(&metadata.uid()) && metadata.mode() & OTHERS_WRITE == 0
}

/// Returns the process's effective user.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
