//! The run loop: threads that deliver, sleep until something is due or someone wakes them, and begin anew after a trap.
//!
//! What is due and when to look again is the component's to say.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hookwright_engine::ports::Signal;

use crate::limits::{PUMP_BACKOFF_MS_MAX, PUMP_BACKOFF_MS_MIN, PUMP_BUDGET_MS, PUMP_YIELD_MS};
use crate::plugin::{CallError, Plugin, Trap};
use crate::pool::Blueprint;
use crate::wake::Wakes;
use crate::{Budget, DeliveryReport};

/// Workers that deliver in the background, each with an instance and an HTTP queue of its own.
#[derive(Debug)]
pub struct Pump {
    wakes: Wakes,
    workers: Vec<JoinHandle<()>>,
}

impl Pump {
    /// Starts the workers. They are woken by `wakes.work()`; call it after each accepted event.
    pub fn start(blueprint: Arc<Blueprint>, wakes: Wakes, workers: usize) -> std::io::Result<Pump> {
        let mut pump = Pump { wakes, workers: Vec::with_capacity(workers) };
        for number in 0..workers {
            let (blueprint, wakes) = (blueprint.clone(), pump.wakes.clone());
            let thread = std::thread::Builder::new().name(format!("hookwright-pump-{number}"));
            pump.workers.push(thread.spawn(move || work(&blueprint, &wakes))?);
        }
        Ok(pump)
    }

    /// Starts nothing new, waits until what is in flight has been settled, and ends.
    pub fn stop(mut self) {
        self.drain();
    }

    fn drain(&mut self) {
        self.wakes.drain();
        for worker in self.workers.drain(..) {
            // A worker catches its panics; one that could not has said why on stderr.
            let _ = worker.join();
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.drain();
    }
}

/// One worker, until a drain.
fn work(blueprint: &Blueprint, wakes: &Wakes) {
    let mut plugin = None;
    let mut told = BTreeSet::new();
    let mut backoff_ms = PUMP_BACKOFF_MS_MIN;
    while !wakes.drained() {
        let delivered = catch_unwind(AssertUnwindSafe(|| deliver(blueprint, wakes, &mut plugin)));
        let delivered = delivered.unwrap_or_else(|_| {
            let reason = "the host panicked inside a call".to_owned();
            Err(CallError::Trapped(Trap { reason }))
        });
        match delivered {
            Ok(report) => {
                backoff_ms = PUMP_BACKOFF_MS_MIN;
                tell(&report, &mut told);
                let pause_ms = pause_ms(&report);
                if pause_ms > 0 && wakes.wait(Duration::from_millis(pause_ms)) == Signal::Drain {
                    return;
                }
            }
            Err(error) => {
                if matches!(error, CallError::Trapped(_)) {
                    plugin = None;
                }
                eprintln!("hookwright: error: delivering: {error}; trying again in {backoff_ms} ms");
                if wakes.wait(Duration::from_millis(backoff_ms)) == Signal::Drain {
                    return;
                }
                backoff_ms = (backoff_ms * 2).min(PUMP_BACKOFF_MS_MAX);
            }
        }
    }
}

/// Writes down what could not be read: each problem once, until it has been mended.
fn tell(report: &DeliveryReport, told: &mut BTreeSet<String>) {
    told.retain(|problem| report.problems.contains(problem));
    for problem in &report.problems {
        if told.insert(problem.clone()) {
            eprintln!("hookwright: error: delivering: {problem}; the rest goes on");
        }
    }
}

fn deliver(blueprint: &Blueprint, wakes: &Wakes, plugin: &mut Option<Plugin>) -> Result<DeliveryReport, CallError> {
    let plugin = match plugin {
        Some(plugin) => plugin,
        vacant => vacant.insert(blueprint.instantiate(wakes.clone())?),
    };
    plugin.deliver(Budget { time_ms: PUMP_BUDGET_MS, attempts_max: u32::MAX })
}

/// How long to sleep after a call. One that did nothing and yet sees work must not be repeated in a hot loop.
fn pause_ms(report: &DeliveryReport) -> u64 {
    match u64::from(report.next_due_ms) {
        0 if report.routed == 0 && report.attempts == 0 => PUMP_YIELD_MS,
        due_ms => due_ms,
    }
}
