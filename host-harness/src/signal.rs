//! Signals that end the waits of a host's workers: completions, new work, and the wish to stop.
//!
//! It decides which waiter gets a signal, and that no signal is lost. The engine and the workers decide how to act on it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Signal, WaitResult};

/// Signals the workers of one host. Clones share one state.
///
/// A work signal ends one wait. If no worker waits, it ends the next wait. Several work signals that no worker has noticed yet
/// count as one, because a worker looks for all work that is due. A drain ends all waits, now and later.
#[derive(Clone, Debug, Default)]
pub struct Signals(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// True if a work signal waits for the next waiter.
    work: bool,
    drained: bool,
    /// The waiters, longest waiting first.
    parked: Vec<Arc<Mailbox>>,
}

impl Signals {
    /// Makes a state without work and without a drain.
    pub fn new() -> Signals {
        Signals::default()
    }

    /// Signals that there may be work. Ends the wait of one worker, or the next wait.
    pub fn work(&self) {
        let mut state = self.state();
        // The waiter is told under the lock, and a waiter whose time is up leaves the list under the same lock: so it either takes
        // the signal, or another waiter gets it.
        if state.parked.is_empty() {
            state.work = true;
        } else {
            state.parked.remove(0).tell(Signal::Work);
        }
    }

    /// Signals all workers to finish, now and in all later waits.
    pub fn drain(&self) {
        let mut state = self.state();
        state.drained = true;
        for waiter in state.parked.drain(..) {
            waiter.tell(Signal::Drain);
        }
    }

    /// Returns true after a drain.
    pub fn drained(&self) -> bool {
        self.state().drained
    }

    /// Blocks until there is a signal, at most for `timeout`. After a drain it does not block.
    pub fn wait(&self, timeout: Duration) -> Signal {
        if self.drained() {
            return Signal::Drain;
        }
        self.wait_at(&Arc::new(Mailbox::default()), false, timeout).signal
    }

    /// Blocks until the mailbox has a completion or there is a signal, at most for `timeout`.
    ///
    /// After a drain, each result says so. While requests are in flight, a drain ends only one wait of a mailbox early: a worker
    /// that waits for its last completions must not loop without blocking.
    pub(crate) fn wait_at(&self, mailbox: &Arc<Mailbox>, in_flight: bool, timeout: Duration) -> WaitResult {
        let park = {
            let mut state = self.state();
            let mut contents = mailbox.contents();
            if state.drained && !(contents.drain_told && in_flight) {
                contents.drain_told = true;
                contents.signal = Signal::Drain;
            } else if state.work && !state.drained {
                state.work = false;
                contents.signal = Signal::Work;
            }
            let park = contents.is_empty() && !timeout.is_zero();
            drop(contents);
            if park {
                state.parked.push(mailbox.clone());
            }
            park
        };
        if park {
            mailbox.sleep(timeout);
        }
        let mut state = self.state();
        if park {
            state.parked.retain(|other| !Arc::ptr_eq(other, mailbox));
        }
        let mut contents = mailbox.contents();
        let told = std::mem::take(&mut contents.signal);
        WaitResult {
            completions: std::mem::take(&mut contents.completions),
            signal: if state.drained { Signal::Drain } else { told },
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, so a poisoned state is consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The completions and the signal of one waiter.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    contents: Mutex<Contents>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Contents {
    completions: Vec<Completion>,
    signal: Signal,
    /// True if a drain has ended a wait of this mailbox.
    drain_told: bool,
}

impl Contents {
    fn is_empty(&self) -> bool {
        self.completions.is_empty() && self.signal == Signal::None
    }
}

impl Mailbox {
    /// Adds a completion. Returns true if it is the only one: its sender must `ring` then.
    pub(crate) fn put(&self, completion: Completion) -> bool {
        let completions = &mut self.contents().completions;
        completions.push(completion);
        completions.len() == 1
    }

    /// Wakes the waiter. Separate from `put`, so that one ring can announce many completions.
    pub(crate) fn ring(&self) {
        self.changed.notify_one();
    }

    fn tell(&self, signal: Signal) {
        let mut contents = self.contents();
        contents.drain_told |= signal == Signal::Drain;
        contents.signal = signal;
        self.changed.notify_one();
    }

    fn sleep(&self, timeout: Duration) {
        let until = Instant::now().checked_add(timeout);
        let mut contents = self.contents();
        while contents.is_empty() {
            let left = match until {
                Some(until) => until.saturating_duration_since(Instant::now()),
                None => timeout,
            };
            if left.is_zero() {
                return;
            }
            contents = self.changed.wait_timeout(contents, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
