//! `hookwright serve` as a child process: started, asked, stopped, killed.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};

use super::client::Client;
pub use super::client::{TENANT, TOKEN};
use super::{PATIENCE, binary, until};

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub struct Serve {
    child: Child,
    client: Client,
}

/// A service that ended before it listened.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stderr: String,
}

/// The database in a folder.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("hookwright.db")
}

/// The option that puts everything into a folder.
pub fn store(folder: &Path) -> String {
    format!("sqlite:{}", database(folder).display())
}

impl Serve {
    /// The service as the README starts it, its database in this folder.
    pub fn start(folder: &Path, profile: &str) -> Serve {
        let store = store(folder);
        let usual = ["--store", &store, "--profile", profile, "--token", TOKEN];
        Serve::start_with(&[&usual[..], &["--allow-destination", "127.0.0.0/8"]].concat()).unwrap()
    }

    /// The service with these options, on a free port.
    pub fn start_with(options: &[&str]) -> Result<Serve, Ended> {
        let mut command = Command::new(binary::path());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("HOOKWRIGHT_")) {
                command.env_remove(name);
            }
        }
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(options);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (stdout, errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let lines = read_lines(stdout, Arc::default());
        let said = read_lines(errors, stderr.clone());
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                let address = line.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
                let address = address.unwrap_or_else(|| panic!("`{line}` does not say where it listens"));
                Ok(Serve { child, client: Client::new(address, stderr) })
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().unwrap();
                // All has been read when the other end is gone.
                while said.recv().is_ok() {}
                let stderr = stderr.lock().unwrap().clone();
                Err(Ended { status, stderr })
            }
            Err(RecvTimeoutError::Timeout) => {
                child.kill().unwrap();
                panic!("it does not listen: {}", stderr.lock().unwrap());
            }
        }
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        let signal = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    }

    /// Waits until nobody listens any more: the signal has been seen.
    pub fn wait_until_deaf(&self) {
        until("closing the port", || TcpStream::connect(self.address()).err());
    }

    /// Waits for its end.
    pub fn wait(mut self) -> ExitStatus {
        until("the end of the process", || self.child.try_wait().unwrap())
    }

    /// Asks for the end and waits for it.
    pub fn stop(self) {
        self.terminate();
        let client = self.client.clone();
        let status = self.wait();
        assert!(status.success(), "{status}: {}", client.stderr());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Deref for Serve {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a stream, which also end up in a text. Reads to the end, so that the child never waits for a reader.
fn read_lines(stream: impl Read + Send + 'static, text: Arc<Mutex<String>>) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            *text.lock().unwrap() += &format!("{line}\n");
            let _ = sender.send(line);
        }
    });
    lines
}
