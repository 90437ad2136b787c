//! Runs targets over their corpora and over mutations. Draws a seed's input, catches a failure, makes its input smaller
//! and shows it, and bounds the time of an input.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::{Target, mutate};

/// An input that takes longer is a failure: nothing here is large.
const INPUT_TIME_MAX: Duration = Duration::from_secs(20);
/// Runs that making a failing input smaller may take.
const SHRINKS_MAX: usize = 2_000;

/// An input on which a property does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The target's name.
    pub target: &'static str,
    /// Where the input came from: `seed 7`, or the name of a corpus file.
    pub origin: String,
    /// A broken property.
    pub panic: String,
    /// The input, made small.
    pub input: Vec<u8>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fuzz target {} fails on {}: {}", self.target, self.origin, self.panic)?;
        writeln!(f, "made smaller, the input is {:?}", String::from_utf8_lossy(&self.input))?;
        write!(f, "to keep it: printf '")?;
        for &byte in &self.input {
            match byte {
                b'a'..=b'z'
                | b'A'..=b'Z'
                | b'0'..=b'9'
                | b' '
                | b'{'
                | b'}'
                | b'['
                | b']'
                | b'"'
                | b':'
                | b','
                | b'/'
                | b'.'
                | b'-'
                | b'_'
                | b'='
                | b'#'
                | b'?'
                | b'&'
                | b'*' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\{byte:03o}")?,
            }
        }
        write!(f, "' > tests/data/fuzz/{}/NAME", self.target)
    }
}

/// The committed inputs of a target, with their files' names.
pub fn corpus(target: &Target) -> io::Result<Vec<(String, Vec<u8>)>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/fuzz").join(target.name);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        inputs.push((name, fs::read(&path)?));
    }
    // A folder has no order of its own, and a seed must mean the same everywhere.
    inputs.sort();
    Ok(inputs)
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    /// Inputs.
    pub count: u64,
    /// Of these, those that got past the door.
    pub taken: u64,
}

/// Runs a target over its corpus as it is.
pub fn run_corpus(target: &Target, corpus: &[(String, Vec<u8>)]) -> Result<Ran, Box<Failure>> {
    let mut ran = Ran::default();
    corpus.iter().try_for_each(|(name, input)| run(target, name, input, &mut ran))?;
    Ok(ran)
}

/// Runs a target over these seeds' mutations until a time.
pub fn run_seeds(
    target: &Target,
    corpus: &[(String, Vec<u8>)],
    seeds: impl Iterator<Item = u64>,
    until: Option<Instant>,
) -> Result<Ran, Box<Failure>> {
    let inputs: Vec<Vec<u8>> = corpus.iter().map(|(_, input)| input.clone()).collect();
    let mut ran = Ran::default();
    for seed in seeds {
        if until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        run(target, &format!("seed {seed}"), &mutate::input(target, &inputs, seed), &mut ran)?;
    }
    Ok(ran)
}

/// Returns the number of a target's seeds, in proportion to its share, so that all targets take about the same time. A
/// share is a hundredth of `count`.
pub fn seeds_of(target: &Target, count: u64) -> u64 {
    (count * target.share / 100).max(1)
}

fn run(target: &Target, origin: &str, input: &[u8], ran: &mut Ran) -> Result<(), Box<Failure>> {
    let panic = match attempt(target, origin, input) {
        Ok(is_taken) => {
            ran.count += 1;
            ran.taken += u64::from(is_taken);
            return Ok(());
        }
        Err(panic) => panic,
    };
    let input = shrink(target, origin, input.to_vec(), &panic);
    Err(Box::new(Failure { target: target.name, origin: origin.to_owned(), panic, input }))
}

/// Runs an input. Returns true if the target accepted it, or the target's complaint.
fn attempt(target: &Target, origin: &str, input: &[u8]) -> Result<bool, String> {
    watch(target, origin, input);
    let caught = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    *running() = None;
    caught.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// Leaves out what is not needed for the same failure, ever smaller stretches of it.
fn shrink(target: &Target, origin: &str, mut input: Vec<u8>, panic: &str) -> Vec<u8> {
    // Values in its text may become smaller as well.
    let begins =
        |text: &str| text.chars().take_while(|c| !c.is_ascii_digit() && *c != '"').take(40).collect::<String>();
    let is_same = |other: Result<bool, String>| other.is_err_and(|other| begins(&other) == begins(panic));
    let mut runs = 0;
    let mut len = input.len() / 2;
    while len > 0 && runs < SHRINKS_MAX {
        let mut from = 0;
        while from < input.len() && runs < SHRINKS_MAX {
            let mut smaller = input.clone();
            smaller.drain(from..(from + len).min(input.len()));
            runs += 1;
            if is_same(attempt(target, origin, &smaller)) {
                input = smaller;
            } else {
                from += len;
            }
        }
        len /= 2;
    }
    input
}

/// The running input, and the time when it started.
struct Running {
    since: Instant,
    target: &'static str,
    origin: String,
    input: Vec<u8>,
}

fn running() -> MutexGuard<'static, Option<Running>> {
    static RUNNING: Mutex<Option<Running>> = Mutex::new(None);
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes what runs, for a thread that ends the process when it does not end: nothing else can stop a loop.
fn watch(target: &Target, origin: &str, input: &[u8]) {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    *running() =
        Some(Running { since: Instant::now(), target: target.name, origin: origin.to_owned(), input: input.to_vec() });
    if WATCHED.swap(true, Ordering::Relaxed) {
        return;
    }
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            if let Some(running) = &*running()
                && running.since.elapsed() > INPUT_TIME_MAX
            {
                let Running { target, origin, input, .. } = running;
                let panic = format!("it has not ended within {} s", INPUT_TIME_MAX.as_secs());
                eprintln!("{}", Failure { target, origin: origin.clone(), panic, input: input.clone() });
                std::process::abort();
            }
        }
    });
}
