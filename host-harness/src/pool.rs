//! A bounded pool of instances for calls from many threads. An instance that traps is replaced.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use hookwright_engine::Settings;

use crate::imports::Imports;
use crate::plugin::{CallError, Plugin};
use crate::runtime::Runtime;
use crate::signal::Signals;

/// The recipe for an instance: its runtime, settings and imports.
pub struct Blueprint {
    runtime: Runtime,
    settings: Settings,
    imports: Box<dyn Fn(Signals) -> Imports + Send + Sync>,
}

impl Blueprint {
    /// `imports` is called once for each instance, because each needs an HTTP queue of its own. The argument ends the queue's
    /// waits.
    pub fn new(
        runtime: Runtime,
        settings: Settings,
        imports: impl Fn(Signals) -> Imports + Send + Sync + 'static,
    ) -> Blueprint {
        Blueprint { runtime, settings, imports: Box::new(imports) }
    }

    /// Makes and configures an instance. Pass the workers' `Signals` only for a worker: any other instance would take their
    /// signals.
    pub fn instantiate(&self, signals: Signals) -> Result<Plugin, CallError> {
        self.runtime.instantiate((self.imports)(signals), &self.settings)
    }
}

impl std::fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blueprint").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A bounded pool of instances. A call waits while all of them are busy.
#[derive(Debug)]
pub struct Pool {
    blueprint: Arc<Blueprint>,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Plugin>,
    /// How many more instances may be made.
    vacant: usize,
}

impl Pool {
    /// Makes a pool of at most `instances_max` instances (at least one). Each is made when it is first needed.
    pub fn new(blueprint: Arc<Blueprint>, instances_max: usize) -> Pool {
        let state = State { idle: Vec::new(), vacant: instances_max.max(1) };
        Pool { blueprint, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Runs a call on an instance. If the call traps, the instance is dropped.
    pub fn call<T>(&self, run: impl FnOnce(&mut Plugin) -> Result<T, CallError>) -> Result<T, CallError> {
        let mut place = Place { pool: self, plugin: self.take() };
        let plugin = match &mut place.plugin {
            Some(plugin) => plugin,
            vacant => vacant.insert(self.blueprint.instantiate(Signals::new())?),
        };
        run(plugin)
    }

    /// Returns the idle instance that was used last. Returns `None` if the caller may make one.
    fn take(&self) -> Option<Plugin> {
        let mut state = self.lock();
        loop {
            if let Some(plugin) = state.idle.pop() {
                return Some(plugin);
            }
            if state.vacant > 0 {
                state.vacant -= 1;
                return None;
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance in use. Dropping it returns the instance, also when the call panics.
struct Place<'a> {
    pool: &'a Pool,
    plugin: Option<Plugin>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let plugin = self.plugin.take().filter(|plugin| !plugin.has_trapped());
        let mut state = self.pool.lock();
        match plugin {
            Some(plugin) => state.idle.push(plugin),
            None => state.vacant += 1,
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}
