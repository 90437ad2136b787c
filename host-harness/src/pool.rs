//! Instances for calls from many threads: kept while they are good, made anew after a trap, never more than a bound.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::Settings;
use crate::imports::Imports;
use crate::plugin::{CallError, Plugin};
use crate::runtime::Runtime;
use crate::wake::Wakes;

/// How an instance is made: the runtime, what it is told, what it is given.
pub struct Blueprint {
    runtime: Runtime,
    settings: Settings,
    imports: Box<dyn Fn(Wakes) -> Imports + Send + Sync>,
}

impl Blueprint {
    /// `imports` is asked once for every instance, because each has an HTTP queue of its own, whose waits the wakes end.
    pub fn new(
        runtime: Runtime,
        settings: Settings,
        imports: impl Fn(Wakes) -> Imports + Send + Sync + 'static,
    ) -> Blueprint {
        Blueprint { runtime, settings, imports: Box::new(imports) }
    }

    /// A new instance, configured. Only a worker is given the wakes that the others have: it would take them from them.
    pub fn instantiate(&self, wakes: Wakes) -> Result<Plugin, CallError> {
        self.runtime.instantiate((self.imports)(wakes), &self.settings)
    }
}

impl std::fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blueprint").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A bounded pool of instances. A call waits if all of them are busy.
#[derive(Debug)]
pub struct Pool {
    blueprint: Arc<Blueprint>,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Plugin>,
    /// How many more may be made.
    vacant: usize,
}

impl Pool {
    /// A pool of at most `instances_max` (at least one) instances, none of which exists yet.
    pub fn new(blueprint: Arc<Blueprint>, instances_max: usize) -> Pool {
        let state = State { idle: Vec::new(), vacant: instances_max.max(1) };
        Pool { blueprint, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Runs a call on an instance. After a trap that instance is dropped; the next call has another.
    pub fn call<T>(&self, run: impl FnOnce(&mut Plugin) -> Result<T, CallError>) -> Result<T, CallError> {
        let mut place = Place { pool: self, plugin: self.take() };
        let plugin = match &mut place.plugin {
            Some(plugin) => plugin,
            vacant => vacant.insert(self.blueprint.instantiate(Wakes::new())?),
        };
        run(plugin)
    }

    /// An idle instance, the one used last first; or the right to make one.
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

/// A busy place of the pool, which is free again whatever happens to the call.
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
