//! The README's shell snippets, run unchanged from top to bottom.
//!
//! A comment on the line above a `sh` block marks it:
//!
//! - `<!-- test -->`: the block must succeed.
//! - `<!-- test: serves 127.0.0.1:8080 -->`: the block must keep running, and listen there before the next block starts.
//!
//! Blocks without a mark are printed and not run. The others run with `bash -euo pipefail` in `target/readme`. The folder is
//! empty at first, and cargo finds the workspace above it. A configuration file makes `curl` fail if the status is 400 or
//! more. Only this step needs a Unix shell.

use crate::command::{Counts, root};
use anyhow::{Context, Result, bail, ensure};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// Time for a server to listen. It includes a build.
const SERVES_WITHIN_S: u64 = 600;
const POLL_MS: u64 = 50;

#[derive(Debug, PartialEq, Eq)]
struct Snippet<'a> {
    line: usize,
    mark: Mark<'a>,
    script: String,
}

/// The meaning of the comment above a block.
#[derive(Debug, PartialEq, Eq)]
enum Mark<'a> {
    Succeeds,
    Serves(&'a str),
    Untested,
}

/// Runs the marked snippets of a file. Each counts as one test.
pub fn test(file: &str, counts: &mut Counts) -> Result<()> {
    let text = std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
    let snippets = parse(&text).with_context(|| format!("in {file}"))?;
    ensure!(snippets.iter().any(|snippet| snippet.mark != Mark::Untested), "{file} has no snippet to test");
    let folder = root().join("target/readme");
    std::fs::remove_dir_all(&folder).ok();
    std::fs::create_dir_all(&folder).context("cannot make target/readme")?;
    std::fs::write(folder.join(".curlrc"), "fail\nshow-error\n").context("cannot write .curlrc")?;
    let mut servers = Vec::new();
    for snippet in &snippets {
        let place = format!("{file}:{}", snippet.line);
        if snippet.mark == Mark::Untested {
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
    match snippet.mark {
        Mark::Untested => {}
        Mark::Succeeds => {
            let status = bash.status().context("cannot start bash")?;
            ensure!(status.success(), "failed ({status})");
        }
        Mark::Serves(address) => {
            ensure!(TcpStream::connect(address).is_err(), "something listens on {address} already");
            let child = bash.process_group(0).spawn().context("cannot start bash")?;
            servers.push(Server(child));
            let server = servers.last_mut().context("the server is not in the list")?;
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

/// A server of the README. Dropping it ends all processes that its shell started.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // The group has the shell's id. An error means that the group has ended already, which is the aim.
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
            let mark = mark_of(above).with_context(|| format!("line {index}"))?;
            let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            snippets.push(Snippet { line: index + 1, mark, script: body.join("\n") });
        } else if mark_of(above)? != Mark::Untested {
            bail!("line {index}: a mark must be on the line above a block of sh");
        }
        above = line;
    }
    Ok(snippets)
}

fn mark_of(line: &str) -> Result<Mark<'_>> {
    let Some(comment) = line.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) else {
        return Ok(Mark::Untested);
    };
    match comment.trim() {
        "test" => Ok(Mark::Succeeds),
        other => match other.strip_prefix("test:").map(str::trim) {
            None => Ok(Mark::Untested),
            Some(rest) => match rest.strip_prefix("serves ") {
                Some(address) => Ok(Mark::Serves(address.trim())),
                None => bail!("{line:?} is an unknown mark; write `test` or `test: serves ADDRESS`"),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, parse};

    #[test]
    fn marks_are_read_from_comments() {
        let text = "# T\n<!-- test -->\n```sh\na \\\n  b\n```\n```sh\nc\n```\n<!-- test: serves 1.2.3.4:5 -->\n```sh\nd\n```\n<!-- other -->\n";
        let snippets = parse(text).unwrap();
        let seen: Vec<_> = snippets.iter().map(|snippet| (snippet.line, &snippet.mark, &*snippet.script)).collect();
        assert_eq!(
            seen,
            [(3, &Mark::Succeeds, "a \\\n  b"), (7, &Mark::Untested, "c"), (11, &Mark::Serves("1.2.3.4:5"), "d")]
        );
        assert!(parse("<!-- test -->\n\n```sh\na\n```\n").is_err(), "a mark with a blank line below it");
        assert!(parse("<!-- test: sevres 1.2.3.4:5 -->\n```sh\na\n```\n").is_err());
    }
}
