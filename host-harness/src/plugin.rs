//! One configured instance: the engine's calls, and traps.

use std::sync::Arc;
use std::time::Instant;

use hookwright_engine as engine;
use hookwright_engine::{Accepted, ApiRequest, ApiResponse, Budget, Caller, DeliveryReport, Settings};
use serde_json::Value;
use wasmtime::Store;

use crate::linker::{Declined, Exports, Functions, State, call};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The component refused the call, or its storage failed. Nothing was changed. The instance can be used on.
    Refused(engine::Error),
    /// The instance has ended. Rows that it had committed are kept. Make a new instance.
    Trapped(Trap),
}

/// Why an instance ended: a bug in the component or in an import, or a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// The trap, and the text of the panic that caused it, if there was one. For logs.
    pub reason: String,
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CallError::Refused(error) => error.fmt(f),
            CallError::Trapped(trap) => write!(f, "the component trapped: {}", trap.reason),
        }
    }
}

impl std::error::Error for CallError {}

/// One configured instance of the component. It makes one call at a time; use several instances for calls in parallel.
pub struct Plugin {
    store: Store<State>,
    /// `None` once the instance has trapped.
    exports: Option<Exports>,
    functions: Arc<Functions>,
}

impl Plugin {
    /// Wraps an instance that is not configured yet.
    pub(crate) fn new(mut store: Store<State>, exports: Exports, functions: Arc<Functions>) -> Plugin {
        store.data_mut().guest_since = Instant::now();
        Plugin { store, exports: Some(exports), functions }
    }

    pub(crate) fn configure(&mut self, settings: &Settings) -> Result<(), CallError> {
        self.call(|exports, store| exports.configure(store, settings))
    }

    /// Returns true if the instance has trapped. Further calls fail.
    pub fn has_trapped(&self) -> bool {
        self.exports.is_none()
    }

    /// Accepts one event. `tenant` is the tenant that the caller has established; without it, the event's own `tenant` counts.
    pub fn on_event(&mut self, tenant: Option<&str>, event: &str) -> Result<Accepted, CallError> {
        self.call(|exports, store| exports.on_event(store, tenant, event))
    }

    /// Accepts several events in one commit: all of them or none.
    pub fn on_events(&mut self, tenant: Option<&str>, events: &[String]) -> Result<Vec<Accepted>, CallError> {
        self.call(|exports, store| exports.on_events(store, tenant, events))
    }

    /// Registers a webhook. Only this result contains its secret in clear.
    pub fn register(&mut self, tenant: &str, registration: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.register(store, tenant, registration))
    }

    /// Changes a webhook and returns it.
    pub fn update(&mut self, tenant: &str, webhook_id: &str, changes: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.update(store, tenant, webhook_id, changes))
    }

    /// Returns a webhook without its secret.
    pub fn get(&mut self, tenant: &str, webhook_id: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.get(store, tenant, webhook_id))
    }

    /// Returns a page of the tenant's webhooks.
    pub fn list(&mut self, tenant: &str, cursor: Option<&str>, limit: u32) -> Result<String, CallError> {
        self.call(|exports, store| exports.list(store, tenant, cursor, limit))
    }

    /// Removes a webhook.
    pub fn unregister(&mut self, tenant: &str, webhook_id: &str) -> Result<(), CallError> {
        self.call(|exports, store| exports.unregister(store, tenant, webhook_id))
    }

    /// Sets a new secret. Only this result contains it in clear.
    pub fn rotate_secret(
        &mut self,
        tenant: &str,
        webhook_id: &str,
        secret: Option<&str>,
        overlap_s: Option<u32>,
    ) -> Result<String, CallError> {
        self.call(|exports, store| exports.rotate_secret(store, tenant, webhook_id, secret, overlap_s))
    }

    /// Sends the profile's test event and returns its outcome.
    pub fn test_webhook(&mut self, tenant: &str, webhook_id: &str, event: Option<&str>) -> Result<String, CallError> {
        self.call(|exports, store| exports.test_webhook(store, tenant, webhook_id, event))
    }

    /// Returns a page of a webhook's attempts, newest first.
    pub fn attempts(
        &mut self,
        tenant: &str,
        webhook_id: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<String, CallError> {
        self.call(|exports, store| exports.attempts(store, tenant, webhook_id, cursor, limit))
    }

    /// Returns a message with its attempts.
    pub fn message(&mut self, tenant: &str, message_id: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.message(store, tenant, message_id))
    }

    /// Returns a page of a message's attempts, newest first.
    pub fn message_attempts(
        &mut self,
        tenant: &str,
        message_id: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<String, CallError> {
        self.call(|exports, store| exports.message_attempts(store, tenant, message_id, cursor, limit))
    }

    /// Returns the JSON that a webhook's requests for a message carry or sign.
    pub fn payload(&mut self, tenant: &str, message_id: &str, webhook_id: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.payload(store, tenant, message_id, webhook_id))
    }

    /// Explains the state of a delivery.
    pub fn explain(&mut self, tenant: &str, message_id: &str, webhook_id: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.explain(store, tenant, message_id, webhook_id))
    }

    /// Sends a message again, to one webhook or to all that are subscribed to it now.
    pub fn redeliver(&mut self, tenant: &str, message_id: &str, webhook_id: Option<&str>) -> Result<String, CallError> {
        self.call(|exports, store| exports.redeliver(store, tenant, message_id, webhook_id))
    }

    /// Starts a job that sends a webhook's failed deliveries again.
    pub fn recover(&mut self, tenant: &str, id: &str, range: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.recover(store, tenant, id, range))
    }

    /// Starts a job that sends a webhook the messages that it has missed.
    pub fn replay(&mut self, tenant: &str, id: &str, range: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.replay(store, tenant, id, range))
    }

    /// Returns a job.
    pub fn job(&mut self, tenant: &str, id: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.job(store, tenant, id))
    }

    /// Returns a page of the tenant's jobs, newest first.
    pub fn jobs(&mut self, tenant: &str, cursor: Option<&str>, limit: u32) -> Result<String, CallError> {
        self.call(|exports, store| exports.jobs(store, tenant, cursor, limit))
    }

    /// Cancels a recovery or a replay.
    pub fn cancel_job(&mut self, tenant: &str, id: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.cancel_job(store, tenant, id))
    }

    /// Starts a job that removes all data about a subject, and returns the job.
    pub fn erase(&mut self, tenant: &str, request: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.erase(store, tenant, request))
    }

    /// Returns the tenant's settings.
    pub fn settings(&mut self, tenant: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.settings(store, tenant))
    }

    /// Changes the given settings of the tenant.
    pub fn update_settings(&mut self, tenant: &str, changes: &str) -> Result<String, CallError> {
        self.call(|exports, store| exports.update_settings(store, tenant, changes))
    }

    /// Returns the profile's catalogue of event types.
    pub fn event_types(&mut self) -> Result<String, CallError> {
        self.call(|exports, store| exports.event_types(store))
    }

    /// Runs the worker: routes messages, sends deliveries that are due, and records the attempts.
    pub fn deliver(&mut self, budget: Budget) -> Result<DeliveryReport, CallError> {
        self.call(|exports, store| exports.deliver(store, budget))
    }

    /// Voids all leases and returns their number. For a host that has just started and knows that no other worker uses the store.
    pub fn reclaim_leases(&mut self) -> Result<u32, CallError> {
        self.call(|exports, store| exports.reclaim_leases(store))
    }

    /// Returns the response to a request to the management API.
    pub fn handle(&mut self, request: &ApiRequest, caller: &Caller) -> Result<ApiResponse, CallError> {
        self.call(|exports, store| exports.handle(store, request, caller))
    }

    /// Calls an export by its name, for example `webhooks.on-event`. `arguments` is a JSON object with the parameters as
    /// members. For hosts in other languages; `hosts/native/README.md` specifies the form of values.
    pub fn call_json(&mut self, function: &str, arguments: &Value) -> Result<Result<Value, Declined>, Trap> {
        let functions = self.functions.clone();
        self.run(|exports, store| call(exports, store, &functions, function, arguments))
    }

    fn call<T>(
        &mut self,
        run: impl FnOnce(&Exports, &mut Store<State>) -> wasmtime::Result<Result<T, engine::Error>>,
    ) -> Result<T, CallError> {
        self.run(run).map_err(CallError::Trapped)?.map_err(CallError::Refused)
    }

    fn run<T>(&mut self, run: impl FnOnce(&Exports, &mut Store<State>) -> wasmtime::Result<T>) -> Result<T, Trap> {
        // Taken out, so that the instance counts as trapped if the host panics inside the call.
        let Some(exports) = self.exports.take() else {
            return Err(Trap { reason: "the instance has trapped before".to_owned() });
        };
        let ticker = self.store.data().ticker.clone();
        let running = ticker.running();
        let state = self.store.data_mut();
        state.guest_since = Instant::now();
        state.error_last = None;
        state.limits.memory_refused = false;
        let called = run(&exports, &mut self.store);
        drop(running);
        match called {
            Ok(answer) => {
                self.exports = Some(exports);
                Ok(answer)
            }
            Err(error) => Err(trap(&error, self.store.data())),
        }
    }
}

pub(crate) fn trap(error: &wasmtime::Error, state: &State) -> Trap {
    let mut reason = match &state.error_last {
        Some(text) => format!("{text} ({:#})", error),
        None => format!("{error:#}"),
    };
    if state.limits.memory_refused {
        reason.push_str("; it had asked for more memory than the limit allows");
    }
    Trap { reason }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("has_trapped", &self.has_trapped()).finish_non_exhaustive()
    }
}
