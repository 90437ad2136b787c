//! Files that the command line names, read whole up to a limit. `-` is stdin.

use std::io::Read;

use anyhow::{Context, Result, ensure};

/// Reads a file. Fails if it has more than `bytes_max` bytes.
pub fn read(file: &str, bytes_max: usize) -> Result<Vec<u8>> {
    let context = || format!("reading {file}");
    let mut bytes = Vec::new();
    let max = bytes_max as u64 + 1;
    let read = match file {
        "-" => std::io::stdin().lock().take(max).read_to_end(&mut bytes),
        path => std::fs::File::open(path).with_context(context)?.take(max).read_to_end(&mut bytes),
    };
    read.with_context(context)?;
    ensure!(bytes.len() <= bytes_max, "{file} has more than {bytes_max} bytes");
    Ok(bytes)
}
