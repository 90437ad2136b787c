//! The clock that interrupts guests: a thread that increments wasmtime's epoch while a guest runs, and sleeps otherwise.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::limits::TICK_MS;

/// Counts the running guests. The thread ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Ticker(Arc<Owner>);

/// Owned by the clones only. Dropping it stops the thread.
#[derive(Debug)]
struct Owner(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    stopped: bool,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let engine = engine.weak();
        let thread_shared = shared.clone();
        std::thread::Builder::new().name("hookwright-ticker".into()).spawn(move || tick(&thread_shared, &engine))?;
        Ok(Ticker(Arc::new(Owner(shared))))
    }

    /// Counts a guest as running until the returned guard is dropped.
    pub(crate) fn running(&self) -> Running<'_> {
        self.0.0.add();
        Running(&self.0.0)
    }

    /// Runs a blocking call of the host. The calling guest does not count as running meanwhile.
    pub(crate) fn outside<T>(&self, call: impl FnOnce() -> T) -> T {
        struct Back<'a>(&'a Shared);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.add();
            }
        }
        self.0.0.remove();
        let _back = Back(&self.0.0);
        call()
    }
}

/// The guard of [`Ticker::running`].
pub(crate) struct Running<'a>(&'a Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.remove();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self) {
        let mut state = self.lock();
        state.running += 1;
        if state.running == 1 {
            self.changed.notify_one();
        }
    }

    fn remove(&self) {
        self.lock().running -= 1;
    }
}

fn tick(shared: &Shared, engine: &EngineWeak) {
    loop {
        let mut state = shared.lock();
        while state.running == 0 && !state.stopped {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            return;
        }
        drop(state);
        std::thread::sleep(Duration::from_millis(TICK_MS));
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
    }
}
