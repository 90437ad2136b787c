//! The component's boundary: the only place that sees host bindings. Nothing is decided here.
//!
//! `imports` gives the component what [`Imports`] holds; `exports` calls it and turns its values into the engine's types;
//! `functions` calls it by names, with JSON, which `values` translates.

mod exports;
mod functions;
mod imports;
mod values;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hookwright_engine::ports::Completion;
use wasmtime::component::{Component, HasSelf, Instance, Linker};
use wasmtime::{Engine, ResourceLimiter, Store, StoreLimits, UpdateDeadline};

use crate::imports::Imports;
use crate::ticker::Ticker;
pub use functions::Declined;
pub(crate) use functions::Functions;
pub use values::Misfit;

/// What `wasmtime` makes of `wit/`.
#[allow(missing_docs, missing_debug_implementations, unused_qualifications)]
#[allow(clippy::all)]
mod bindings {
    wasmtime::component::bindgen!({ path: "../wit", world: "plugin" });
}

/// A component, checked and linked, from which instances are made.
#[derive(Clone)]
pub(crate) struct Linked {
    pre: bindings::PluginPre<State>,
    functions: Arc<Functions>,
}

impl Linked {
    pub(crate) fn functions(&self) -> Arc<Functions> {
        self.functions.clone()
    }
}

/// One instance's exports.
pub(crate) struct Exports {
    plugin: bindings::Plugin,
    instance: Instance,
}

/// What an instance's store carries.
pub(crate) struct State {
    pub(crate) imports: Imports,
    pub(crate) limits: Limits,
    pub(crate) ticker: Ticker,
    /// Since when the guest has been computing without a call of storage or HTTP; later by what other calls took.
    pub(crate) guest_since: Instant,
    /// Requests that this host cannot express, to be reported by the next wait.
    pub(crate) refused: Vec<Completion>,
    /// The last line that the guest logged as an error: a panic's text, if a trap follows.
    pub(crate) error_last: Option<String>,
}

impl State {
    /// Runs a call of the embedder, after which the guest's time begins anew.
    fn outside<T>(&mut self, call: impl FnOnce(&Imports) -> T) -> T {
        let answer = self.ticker.outside(|| call(&self.imports));
        self.guest_since = Instant::now();
        answer
    }

    /// Runs a call of the embedder that is not the guest's time either, but after which that goes on: asking for the time for
    /// ever is computing for ever.
    fn aside<T>(&mut self, call: impl FnOnce(&Imports) -> T) -> T {
        let begun = Instant::now();
        let answer = call(&self.imports);
        self.guest_since += begun.elapsed();
        answer
    }
}

/// The bounds of an instance, and whether it was at that of its memory.
pub(crate) struct Limits {
    pub(crate) bounds: StoreLimits,
    /// Whether more memory was refused since the call began.
    pub(crate) memory_refused: bool,
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = self.bounds.memory_growing(current, desired, maximum)?;
        self.memory_refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.bounds.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.bounds.instances()
    }

    fn tables(&self) -> usize {
        self.bounds.tables()
    }

    fn memories(&self) -> usize {
        self.bounds.memories()
    }
}

/// Links a component with this host's imports; fails, naming it, if the component wants another.
pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Linked> {
    let mut linker = Linker::new(engine);
    bindings::Plugin::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    let functions = Arc::new(functions::functions(engine, component)?);
    Ok(Linked { pre: bindings::PluginPre::new(linker.instantiate_pre(component)?)?, functions })
}

/// Makes an instance, whose guest may compute for `guest_time_max` at a stretch.
pub(crate) fn instantiate(
    engine: &Engine,
    linked: &Linked,
    state: State,
    guest_time_max: Duration,
    tick: Duration,
) -> (Store<State>, wasmtime::Result<Exports>) {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limits);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| {
        let left = guest_time_max.saturating_sub(store.data().guest_since.elapsed());
        if left.is_zero() {
            let text = format!("the guest computed for more than {} ms at a stretch", guest_time_max.as_millis());
            return Err(wasmtime::Error::msg(text));
        }
        let ticks = left.as_millis().div_ceil(tick.as_millis());
        Ok(UpdateDeadline::Continue(u64::try_from(ticks).unwrap_or(u64::MAX)))
    });
    let exports = linked.pre.instance_pre().instantiate(&mut store).and_then(|instance| {
        let plugin = bindings::Plugin::new(&mut store, &instance)?;
        Ok(Exports { plugin, instance })
    });
    (store, exports)
}
