//! How waiting threads are woken: by results, by new work, by the wish to stop.
//!
//! It decides who is told what, and that no wake is lost. What a woken thread does about it is left to the engine and to
//! the run loop.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Signal};

/// Wakes the workers of one host. Clones share one state.
///
/// A piece of work wakes one waiter; if nobody waits, the next wait ends at once. Several pieces that nobody has
/// noticed yet count as one, because whoever wakes looks at everything there is. A drain is seen by everybody, for ever.
#[derive(Clone, Debug, Default)]
pub struct Wakes(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    work: bool,
    drained: bool,
    parked: Vec<Arc<Mailbox>>,
}

impl Wakes {
    /// A fresh state: no work, no drain.
    pub fn new() -> Wakes {
        Wakes::default()
    }

    /// There may be something to do: one waiter, or the next to come, is told.
    pub fn work(&self) {
        let mut state = self.state();
        // Longest waiting first. It is told while the state is locked: a waiter that gives up at this very moment leaves
        // the list under the same lock, so that it either takes the news along or leaves it to another.
        if state.parked.is_empty() {
            state.work = true;
        } else {
            state.parked.remove(0).tell(Signal::Work);
        }
    }

    /// Everybody is to finish: told to every waiter, now and later.
    pub fn drain(&self) {
        let mut state = self.state();
        state.drained = true;
        for waiter in state.parked.drain(..) {
            waiter.tell(Signal::Drain);
        }
    }

    /// Whether everybody has been told to finish.
    pub fn drained(&self) -> bool {
        self.state().drained
    }

    /// Blocks an idle worker until there is a wake, at most for `timeout`. Once drained it does not block at all.
    pub fn wait(&self, timeout: Duration) -> Signal {
        if self.drained() {
            return Signal::Drain;
        }
        self.wait_at(&Arc::new(Mailbox::default()), false, timeout).1
    }

    /// Blocks until the mailbox has a completion or there is a wake, at most for `timeout`.
    ///
    /// While requests are in flight, a drain ends one wait of a mailbox early, not all of them: whoever goes on waiting
    /// for their results would spin otherwise. It is in the answer every time.
    pub(crate) fn wait_at(
        &self,
        mailbox: &Arc<Mailbox>,
        in_flight: bool,
        timeout: Duration,
    ) -> (Vec<Completion>, Signal) {
        let park = {
            let mut state = self.state();
            let mut inside = mailbox.inside();
            if state.drained && !(inside.drain_told && in_flight) {
                inside.drain_told = true;
                inside.wake = Signal::Drain;
            } else if state.work && !state.drained {
                state.work = false;
                inside.wake = Signal::Work;
            }
            let park = inside.is_quiet() && !timeout.is_zero();
            drop(inside);
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
        let mut inside = mailbox.inside();
        let told = std::mem::take(&mut inside.wake);
        (std::mem::take(&mut inside.completions), if state.drained { Signal::Drain } else { told })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way, so a poisoned state is a good state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one waiter finds what it waits for.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    completions: Vec<Completion>,
    wake: Signal,
    drain_told: bool,
}

impl Inside {
    fn is_quiet(&self) -> bool {
        self.completions.is_empty() && self.wake == Signal::None
    }
}

impl Mailbox {
    /// Puts a result in, and says whether it is the first that has not been taken: whoever puts that in must `ring`.
    pub(crate) fn put(&self, completion: Completion) -> bool {
        let completions = &mut self.inside().completions;
        completions.push(completion);
        completions.len() == 1
    }

    /// Tells the waiter that there are results. Apart from `put`, so that one ring can do for many.
    pub(crate) fn ring(&self) {
        self.changed.notify_one();
    }

    fn tell(&self, wake: Signal) {
        let mut inside = self.inside();
        inside.drain_told |= wake == Signal::Drain;
        inside.wake = wake;
        self.changed.notify_one();
    }

    fn sleep(&self, timeout: Duration) {
        let until = Instant::now().checked_add(timeout);
        let mut inside = self.inside();
        while inside.is_quiet() {
            let left = match until {
                Some(until) => until.saturating_duration_since(Instant::now()),
                None => timeout,
            };
            if left.is_zero() {
                return;
            }
            inside = self.changed.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
