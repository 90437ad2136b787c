//! Sealing keys in a file: `id:hex`, one a line, the first seals. Made with mode 600 if there is none.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use hookwright_host::SealingKey;

/// Reads the keys.
pub fn read(path: &Path) -> Result<Vec<SealingKey>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("the sealing keys in {}", path.display()))
}

/// Reads the keys, or makes a file with a new one. Says whether it was made.
pub fn read_or_make(path: &Path) -> Result<(Vec<SealingKey>, bool)> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok((read(path)?, false)),
        opened => opened.with_context(|| format!("making {}", path.display()))?,
    };
    let key = random()?;
    let line = format!("{}:{}\n", key.id, key.key_hex);
    // On the disk before anything is sealed with it: a lost key is a lost secret.
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("writing {}", path.display()))?;
    Ok((vec![key], true))
}

/// A new key, named `k1`.
pub fn random() -> Result<SealingKey> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("asking for random bytes")?;
    Ok(SealingKey { id: "k1".to_owned(), key_hex: hex::encode(bytes) })
}

/// Lines that are empty or begin with `#` say nothing. No error quotes a key.
fn parse(text: &str) -> Result<Vec<SealingKey>> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()).map(|(number, line): (u32, _)| (number, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (id, key) = line.split_once(':').with_context(|| format!("line {number} is not `id:hex`"))?;
        keys.push(SealingKey { id: id.trim().to_owned(), key_hex: key.trim().to_owned() });
    }
    anyhow::ensure!(!keys.is_empty(), "there is none");
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_one_key_a_line() {
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
    fn a_file_is_made_once_and_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("hookwright-sealing-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("k.key");
        let _ = std::fs::remove_file(&path);
        let (made, new) = read_or_make(&path).unwrap();
        let (again, new_again) = read_or_make(&path).unwrap();
        assert!(new && !new_again);
        assert_eq!(made, again);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
