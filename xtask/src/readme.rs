//! The README's shell snippets, run as they stand there, from top to bottom.
//!
//! A comment on the line above a `sh` block says what is to happen with it:
//!
//! - `<!-- test -->`: it must succeed.
//! - `<!-- test: serves 127.0.0.1:8080 -->`: it must not end, and listen there before the next block starts.
//!
//! Blocks without such a comment are named in the output and not run. All run with `bash -euo pipefail` in
//! `target/readme`, which is empty at first and where cargo finds the workspace above. `curl` is told to fail when the
//! status is 400 or more. It takes a Unix shell; the rest of xtask does not.

use crate::command::{Counts, root};
use anyhow::{Context, Result, bail, ensure};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// The block may have to build what it serves.
const SERVES_WITHIN_S: u64 = 600;
const POLL_MS: u64 = 50;

#[derive(Debug, PartialEq, Eq)]
struct Snippet<'a> {
    line: usize,
    what: What<'a>,
    script: String,
}

#[derive(Debug, PartialEq, Eq)]
enum What<'a> {
    Succeeds,
    Serves(&'a str),
    Untested,
}

/// Runs the marked snippets of a file, each counting for one.
pub fn test(file: &str, counts: &mut Counts) -> Result<()> {
    let text = std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
    let snippets = parse(&text).with_context(|| format!("in {file}"))?;
    ensure!(snippets.iter().any(|snippet| snippet.what != What::Untested), "{file} has no snippet to test");
    let folder = root().join("target/readme");
    std::fs::remove_dir_all(&folder).ok();
    std::fs::create_dir_all(&folder).context("cannot make target/readme")?;
    std::fs::write(folder.join(".curlrc"), "fail\nshow-error\n").context("cannot write .curlrc")?;
    let mut servers = Vec::new();
    for snippet in &snippets {
        let place = format!("{file}:{}", snippet.line);
        if snippet.what == What::Untested {
            println!("{place}: not marked, not run");
            continue;
        }
        println!("{place}:\n{}", snippet.script);
        let result = run(snippet, &folder, &mut servers);
        counts.passed += u64::from(result.is_ok());
        counts.failed += u64::from(result.is_err());
        result.context(place)?;
    }
    Ok(())
}

fn run(snippet: &Snippet<'_>, folder: &Path, servers: &mut Vec<Server>) -> Result<()> {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &snippet.script]).current_dir(folder).env("CURL_HOME", folder);
    match snippet.what {
        What::Untested => {}
        What::Succeeds => {
            let status = bash.status().context("cannot start bash")?;
            ensure!(status.success(), "failed ({status})");
        }
        What::Serves(address) => {
            ensure!(TcpStream::connect(address).is_err(), "something listens on {address} already");
            let child = bash.process_group(0).spawn().context("cannot start bash")?;
            servers.push(Server(child));
            let server = servers.last_mut().context("it was just started")?;
            await_listener(&mut server.0, address)?;
        }
    }
    Ok(())
}

fn await_listener(server: &mut Child, address: &str) -> Result<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if let Some(status) = server.try_wait()? {
            bail!("ended ({status}) before it listened on {address}");
        }
        ensure!(start.elapsed().as_secs() < SERVES_WITHIN_S, "does not listen on {address}");
        thread::sleep(Duration::from_millis(POLL_MS));
    }
    Ok(())
}

/// Ends with the README, together with whatever the shell started for it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // The group has the shell's id. There is nobody to tell if it has ended by itself.
        Command::new("kill").args(["-TERM", "--", &format!("-{}", self.0.id())]).status().ok();
        self.0.wait().ok();
    }
}

fn parse(text: &str) -> Result<Vec<Snippet<'_>>> {
    let mut snippets = Vec::new();
    let mut above = "";
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line == "```sh" {
            let what = mark(above).with_context(|| format!("line {index}"))?;
            let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            snippets.push(Snippet { line: index + 1, what, script: body.join("\n") });
        } else if mark(above)? != What::Untested {
            bail!("line {index}: a mark must be on the line above a block of sh");
        }
        above = line;
    }
    Ok(snippets)
}

fn mark(line: &str) -> Result<What<'_>> {
    let Some(comment) = line.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) else {
        return Ok(What::Untested);
    };
    match comment.trim() {
        "test" => Ok(What::Succeeds),
        other => match other.strip_prefix("test:").map(str::trim) {
            None => Ok(What::Untested),
            Some(rest) => match rest.strip_prefix("serves ") {
                Some(address) => Ok(What::Serves(address.trim())),
                None => bail!("{line:?} is no mark; there are `test` and `test: serves ADDRESS`"),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{What, parse};

    #[test]
    fn marks() {
        let text = "# T\n<!-- test -->\n```sh\na \\\n  b\n```\n```sh\nc\n```\n<!-- test: serves 1.2.3.4:5 -->\n```sh\nd\n```\n<!-- other -->\n";
        let snippets = parse(text).unwrap();
        let seen: Vec<_> = snippets.iter().map(|snippet| (snippet.line, &snippet.what, &*snippet.script)).collect();
        assert_eq!(
            seen,
            [(3, &What::Succeeds, "a \\\n  b"), (7, &What::Untested, "c"), (11, &What::Serves("1.2.3.4:5"), "d")]
        );
        assert!(parse("<!-- test -->\n\n```sh\na\n```\n").is_err(), "a mark that stands apart would be lost");
        assert!(parse("<!-- test: sevres 1.2.3.4:5 -->\n```sh\na\n```\n").is_err());
    }
}
