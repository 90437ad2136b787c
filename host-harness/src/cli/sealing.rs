//! The file of sealing keys: one `id:hex` a line, the first is active. It is made with mode 600.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use hookwright_host::SealingKey;

/// Reads the keys of a file.
pub fn read(path: &Path) -> Result<Vec<SealingKey>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("the sealing keys in {}", path.display()))
}

/// The keys of a file.
#[derive(Debug)]
pub struct Keys {
    pub keys: Vec<SealingKey>,
    /// True if the file was made now.
    pub is_new: bool,
}

/// Reads the keys of a file. If there is no file, makes one with a new key.
pub fn read_or_make(path: &Path) -> Result<Keys> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Ok(Keys { keys: read(path)?, is_new: false });
        }
        opened => opened.with_context(|| format!("making {}", path.display()))?,
    };
    let key = random()?;
    let line = format!("{}:{}\n", key.id, key.key_hex);
    // The key is on the disk before it seals a secret, because a secret without its key is lost.
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(Keys { keys: vec![key], is_new: true })
}

/// Makes a random key with the id `k1`.
pub fn random() -> Result<SealingKey> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("reading random bytes")?;
    Ok(SealingKey { id: "k1".to_owned(), key_hex: hex::encode(bytes) })
}

/// Parses lines of `id:hex`. Empty lines and lines that begin with `#` are skipped. No error quotes a key.
fn parse(text: &str) -> Result<Vec<SealingKey>> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()).map(|(number, line): (u32, _)| (number, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (id, key) = line.split_once(':').with_context(|| format!("line {number} is not `id:hex`"))?;
        keys.push(SealingKey { id: id.trim().to_owned(), key_hex: key.trim().to_owned() });
    }
    anyhow::ensure!(!keys.is_empty(), "the file has no key: write one `id:hex` a line");
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_file_has_one_key_a_line() {
        let rows: [(&str, Option<&[&str]>); 5] = [
            ("k1:00ff", Some(&["k1"])),
            ("# new\nk2:11\n\n k1 : 00 \n", Some(&["k2", "k1"])),
            ("", None),
            ("# nothing", None),
            ("00ff", None),
        ];
        for (text, ids) in rows {
            let keys = parse(text).ok();
            let parsed: Option<Vec<&str>> = keys.as_ref().map(|keys| keys.iter().map(|key| key.id.as_str()).collect());
            assert_eq!(parsed.as_deref(), ids, "{text}");
        }
    }

    #[test]
    fn key_file_is_made_once_and_readable_by_its_owner_only() {
        let folder = std::env::temp_dir().join(format!("hookwright-sealing-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("k.key");
        let _ = std::fs::remove_file(&path);
        let made = read_or_make(&path).unwrap();
        let again = read_or_make(&path).unwrap();
        assert!(made.is_new && !again.is_new);
        assert_eq!(made.keys, again.keys);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
