//! The workers: threads that deliver, sleep until something is due or a signal comes, and make a new instance after a trap.
//!
//! The component decides what is due, and when to look again.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hookwright_engine::ports::Signal;
use hookwright_engine::{Budget, DeliveryReport};

use crate::limits::{RUN_BUDGET_MS, WORKER_BACKOFF_MS_MAX, WORKER_BACKOFF_MS_MIN, WORKER_YIELD_MS};
use crate::plugin::{CallError, Plugin, Trap};
use crate::pool::Blueprint;
use crate::signal::Signals;

/// Worker threads, each with an instance and an HTTP queue of its own.
#[derive(Debug)]
pub struct Workers {
    signals: Signals,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` workers. Call `signals.work()` after each accepted event.
    pub fn start(blueprint: Arc<Blueprint>, signals: Signals, count: usize) -> std::io::Result<Workers> {
        let mut workers = Workers { signals, threads: Vec::with_capacity(count) };
        for number in 0..count {
            let (blueprint, signals) = (blueprint.clone(), workers.signals.clone());
            let thread = std::thread::Builder::new().name(format!("hookwright-worker-{number}"));
            workers.threads.push(thread.spawn(move || work(&blueprint, &signals))?);
        }
        Ok(workers)
    }

    /// Stops the workers. They start no new requests, wait for those in flight, record them, and end.
    pub fn stop(mut self) {
        self.drain();
    }

    fn drain(&mut self) {
        self.signals.drain();
        for thread in self.threads.drain(..) {
            // A worker catches its panics, and prints them to stderr.
            let _ = thread.join();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.drain();
    }
}

/// Runs one worker until a drain.
fn work(blueprint: &Blueprint, signals: &Signals) {
    let mut plugin = None;
    let mut reported = BTreeSet::new();
    let mut backoff_ms = WORKER_BACKOFF_MS_MIN;
    while !signals.drained() {
        let delivered = catch_unwind(AssertUnwindSafe(|| deliver(blueprint, signals, &mut plugin)));
        let delivered = delivered.unwrap_or_else(|_| {
            let reason = "the host panicked inside a call".to_owned();
            Err(CallError::Trapped(Trap { reason }))
        });
        match delivered {
            Ok(report) => {
                backoff_ms = WORKER_BACKOFF_MS_MIN;
                log_problems(&report, &mut reported);
                let pause_ms = pause_ms(&report);
                if pause_ms > 0 && signals.wait(Duration::from_millis(pause_ms)) == Signal::Drain {
                    return;
                }
            }
            Err(error) => {
                if matches!(error, CallError::Trapped(_)) {
                    plugin = None;
                }
                eprintln!("hookwright: error: delivering: {error}; trying again in {backoff_ms} ms");
                if signals.wait(Duration::from_millis(backoff_ms)) == Signal::Drain {
                    return;
                }
                backoff_ms = (backoff_ms * 2).min(WORKER_BACKOFF_MS_MAX);
            }
        }
    }
}

/// Prints the problems of a report to stderr. A problem that is in each report is printed once.
fn log_problems(report: &DeliveryReport, reported: &mut BTreeSet<String>) {
    reported.retain(|problem| report.problems.contains(problem));
    for problem in &report.problems {
        if reported.insert(problem.clone()) {
            eprintln!("hookwright: error: delivering: {problem}; other deliveries go on");
        }
    }
}

fn deliver(blueprint: &Blueprint, signals: &Signals, plugin: &mut Option<Plugin>) -> Result<DeliveryReport, CallError> {
    let plugin = match plugin {
        Some(plugin) => plugin,
        vacant => vacant.insert(blueprint.instantiate(signals.clone())?),
    };
    plugin.deliver(Budget { time_ms: RUN_BUDGET_MS, attempts_max: u32::MAX })
}

/// Returns how long to sleep after a run. A run that did nothing although work is due must not be repeated without a pause.
fn pause_ms(report: &DeliveryReport) -> u64 {
    match u64::from(report.next_due_ms) {
        0 if report.routed == 0 && report.attempts == 0 => WORKER_YIELD_MS,
        due_ms => due_ms,
    }
}
