//! The words of the prose: comments, documentation, interfaces, and the texts that the programs print.
//!
//! A pattern is here only if a text can always be written better without it, so that there is no list of exceptions. Code in
//! backticks and fenced blocks is not prose. Strings of tests are not read, their comments are.

mod paragraph;

mod comments;
mod strings;

mod patterns;

use crate::finding::Finding;
use crate::syntax::Source;
use anyhow::{Context, Result};
use paragraph::Paragraph;
use std::path::Path;

/// Folders of texts that others wrote.
const FOREIGN: &[&str] = &["wit/deps/", "LICENSE"];

/// Finds the patterns in all files that have prose.
pub fn check(root: &Path, files: &[String], sources: &[Source]) -> Result<Vec<Finding>> {
    let patterns = patterns::compile()?;
    let mut findings = Vec::new();
    for source in sources {
        let mut paragraphs = comments::of_source(source);
        paragraphs.extend(strings::of_source(source));
        findings.extend(patterns.check(&source.path, &paragraphs));
    }
    for file in files.iter().filter(|file| !FOREIGN.iter().any(|foreign| file.starts_with(foreign))) {
        let Some(read) = reader(file) else { continue };
        let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        findings.extend(patterns.check(file, &read(&text)));
    }
    Ok(findings)
}

/// Returns the function that finds the paragraphs of a file without a grammar.
fn reader(file: &str) -> Option<fn(&str) -> Vec<Paragraph>> {
    let name = file.rsplit('/').next().unwrap_or(file);
    match name.rsplit_once('.') {
        Some((_, "md")) => Some(|text| paragraph::read(text.lines().zip(1..).map(|(line, number)| (number, line)))),
        Some((_, "wit" | "h" | "c" | "ts")) => Some(comments::with_slashes),
        Some((_, "toml" | "yml" | "yaml" | "neon" | "sh" | "gitignore")) => Some(comments::with_hashes),
        None if file.starts_with(".ci/") => Some(comments::with_hashes),
        _ => None,
    }
}
