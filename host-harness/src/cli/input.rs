//! Files that are named on the command line, `-` being stdin: read whole, and never more than was allowed.

use std::io::Read;

use anyhow::{Context, Result, ensure};

/// The content of a file of at most so many bytes.
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
