//! One process of a driver. Calls go to its stdin. Answers may come in any order, and are matched by their ids.

use crate::failure::{Done, Failure};
use crate::protocol::Call;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest line of an answer, in bytes: the largest commit read back, each byte written as `\u0000`.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Time between two checks for the end of a process.
const PAUSE: Duration = Duration::from_millis(2);

/// The result of a call: the member `ok`, or the member `error`.
type Said = Result<Value, Value>;

/// A running driver. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    /// Lines for its stdin. A thread writes them, so that a driver that does not read cannot delay a caller beyond its timeout.
    lines: Mutex<Option<Sender<String>>>,
    pending: Arc<Mutex<Pending>>,
    timeout: Duration,
}

#[derive(Debug, Default)]
struct Pending {
    next: u64,
    waiting: BTreeMap<u64, Sender<Said>>,
    /// The reason why no more answers will come.
    ended: Option<String>,
}

impl Process {
    /// Starts the command, which inherits this process's stderr.
    pub fn start(command: &[OsString], timeout: Duration) -> Done<Process> {
        let trouble = |came: String| Failure::new("starting the driver", "a process", came);
        let (program, arguments) = command.split_first().ok_or_else(|| trouble("no command".to_owned()))?;
        let mut starting = Command::new(program);
        starting.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = starting.spawn().map_err(|error| trouble(format!("{}: {error}", program.display())))?;
        let (lines, queue) = channel();
        if let Some(stdin) = child.stdin.take() {
            thread::spawn(move || write(stdin, &queue));
        }
        let pending = Arc::<Mutex<Pending>>::default();
        if let Some(stdout) = child.stdout.take() {
            let pending = pending.clone();
            thread::spawn(move || {
                let why = read(stdout, &pending);
                let mut pending = lock(&pending);
                pending.waiting.clear();
                pending.ended = Some(why);
            });
        }
        Ok(Process { child: Mutex::new(child), lines: Mutex::new(Some(lines)), pending, timeout })
    }

    /// Calls and waits for the answer. An error says why no answer came.
    pub fn call(&self, call: &Call) -> Result<Said, String> {
        let (sender, answer) = channel();
        let id = {
            let mut pending = lock(&self.pending);
            if let Some(why) = &pending.ended {
                return Err(why.clone());
            }
            pending.next += 1;
            let id = pending.next;
            pending.waiting.insert(id, sender);
            id
        };
        let mut line = json!(call);
        line["id"] = id.into();
        if let Some(lines) = &*lock(&self.lines) {
            // An error means that the process has ended. The reader says how.
            let _ = lines.send(format!("{line}\n"));
        }
        match answer.recv_timeout(self.timeout) {
            Ok(said) => Ok(said),
            Err(RecvTimeoutError::Timeout) => {
                self.kill();
                Err(format!("no answer to {} within {} s; it was killed", line["call"], self.timeout.as_secs_f32()))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(lock(&self.pending).ended.clone().unwrap_or_else(|| "it ended".to_owned()))
            }
        }
    }

    /// Closes its input, and waits until it ends.
    pub fn close(&self) -> Done {
        drop(lock(&self.lines).take());
        let begun = Instant::now();
        loop {
            let status = lock(&self.child).try_wait();
            let came = match status {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => status.to_string(),
                Ok(None) if begun.elapsed() < self.timeout => {
                    thread::sleep(PAUSE);
                    continue;
                }
                Ok(None) => "a process that goes on".to_owned(),
                Err(error) => error.to_string(),
            };
            self.kill();
            return Err(Failure::new("the driver after the end of its stdin", "its end with exit code 0", came));
        }
    }

    /// Ends it by `kill -9`, and waits until it has ended.
    pub fn kill(&self) {
        let mut child = lock(&self.child);
        // An error means that it has ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes the queued lines until the queue is closed. Then the stdin closes.
fn write(mut stdin: ChildStdin, queue: &Receiver<String>) {
    for line in queue {
        if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

/// Hands each answer to the caller that waits for it. Returns the reason why the answers ended.
fn read(stdout: ChildStdout, pending: &Mutex<Pending>) -> String {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    loop {
        line.clear();
        match stdout.by_ref().take(LINE_BYTES_MAX).read_line(&mut line) {
            Ok(0) => return "it has closed its stdout, or ended".to_owned(),
            Ok(_) => {}
            Err(error) => return format!("its stdout cannot be read: {error}"),
        }
        let shown = || line.chars().take(200).collect::<String>();
        let Ok(mut answer) = serde_json::from_str::<Value>(&line) else {
            return format!("it wrote a line that is no JSON: {:?}", shown());
        };
        let id = answer["id"].as_u64();
        let said = match answer.as_object_mut().map(|answer| (answer.remove("ok"), answer.remove("error"))) {
            Some((Some(ok), None)) => Ok(ok),
            Some((None, Some(error))) => Err(error),
            _ => return format!("its answer has not one of ok and error: {:?}", shown()),
        };
        let waiting = id.and_then(|id| lock(pending).waiting.remove(&id));
        let Some(waiting) = waiting else { return format!("it answered a call that does not wait: {:?}", shown()) };
        // A caller whose timeout has passed no longer waits.
        let _ = waiting.send(said);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
