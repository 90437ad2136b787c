//! The binary's other commands as child processes: run to their end, or watched while they run.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::{PATIENCE, binary, until};

/// The output of a command, and its exit status.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// The same, after a look at its exit code.
    pub fn expect(self, code: i32) -> Output {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Nothing that it said holds any of these.
    pub fn keeps(self, secrets: &[&str]) -> Output {
        for secret in secrets {
            assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{secret} is in {self:?}");
        }
        self
    }
}

/// The binary with these arguments and variables, and none of this process's own.
pub fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary::path());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("HOOKWRIGHT_")) {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end, with this on stdin.
pub fn run_with(arguments: &[&str], variables: &[(&str, &str)], stdin: &[u8]) -> Output {
    let mut child = command(arguments, variables).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = stdin.to_vec();
    // A command that ends early does not read to the end, which is no failure of the test.
    let writer = std::thread::spawn(move || drop(input.write_all(&text)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A command that goes on running. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut child = command(arguments, variables).stdin(Stdio::null()).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Running { child, stdout, stderr }
    }

    /// The next line of stdout.
    pub fn line(&self) -> String {
        self.stdout.recv_timeout(PATIENCE).expect("another line should have come")
    }

    /// The next line of stderr.
    pub fn error_line(&self) -> String {
        self.stderr.recv_timeout(PATIENCE).expect("another line should have come on stderr")
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let signal = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    }

    /// Waits for its end. Returns its output since the last look.
    pub fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let status = until("the end of the process", || self.child.try_wait().unwrap());
        (status, self.stdout.iter().collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    lines
}
