//! The component's boundary: the only place that sees host bindings. It converts values and decides nothing.
//!
//! `imports` gives the component what [`Imports`](crate::Imports) holds. `exports` calls it with the engine's types. `functions`
//! calls it by function names, with JSON that `values` converts.

mod bindings;
mod state;

mod exports;
mod imports;
mod values;

mod functions;

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};

pub(crate) use exports::Exports;
pub use functions::Declined;
pub(crate) use functions::{Functions, call};
pub(crate) use state::{Limits, State};
pub use values::Misfit;

/// A component that is checked and linked. Instances are made from it.
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

/// Links a component with this host's imports. The error names an import that the host does not have.
pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Linked> {
    let mut linker = Linker::new(engine);
    bindings::Plugin::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    let functions = Arc::new(functions::functions(engine, component)?);
    Ok(Linked { pre: bindings::PluginPre::new(linker.instantiate_pre(component)?)?, functions })
}

/// Makes an instance whose guest may compute for `guest_time_max` between two calls of its host.
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
            let max_ms = guest_time_max.as_millis();
            let text = format!("the guest computed for more than {max_ms} ms without a call of its host");
            return Err(wasmtime::Error::msg(text));
        }
        let ticks = left.as_millis().div_ceil(tick.as_millis());
        Ok(UpdateDeadline::Continue(u64::try_from(ticks).unwrap_or(u64::MAX)))
    });
    let exports = linked.pre.instance_pre().instantiate(&mut store).and_then(|instance| {
        let plugin = bindings::Plugin::new(&mut store, &instance)?;
        Ok(Exports::new(plugin, instance))
    });
    (store, exports)
}
