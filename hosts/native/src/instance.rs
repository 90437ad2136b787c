//! An instance: its configuration and its guest. It decides who may call when, and replaces a guest that has trapped.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::ThreadId;

use hookwright_engine::ports::Http;
use hookwright_host::signal::Signals;
use hookwright_host::{Declined, Imports, Plugin};
use serde_json::{Map, Value, json};

use crate::callback::Callback;
use crate::engine::Engine;
use crate::failure::{Failure, Outcome};
use crate::imports::{self, CallbackClock, CallbackEntropy, CallbackHttp, CallbackStorage, EngineHttp};
use crate::json;
use crate::options::Options;
use crate::unwind::contained;

/// The imports that a callback may serve.
const IMPORTS: [&str; 6] = ["storage", "http", "clock", "random", "log", "signal"];

/// See the module.
pub(crate) struct Instance {
    engine: Arc<Engine>,
    options: InstanceOptions,
    callback: Option<Callback>,
    signals: Signals,
    guest: Mutex<Guest>,
}

/// The options of `hw_instance_new`.
struct InstanceOptions {
    /// The contract's `config`.
    config: Value,
    /// The imports that the callback serves.
    imports: Vec<&'static str>,
    /// The only thread that may call. None: every thread may.
    thread: Option<ThreadId>,
}

/// The guest of an instance.
enum Guest {
    /// Takes calls, unless it has trapped.
    Ready(Box<Plugin>),
    /// Is replaced by the next call.
    Trapped,
    /// The instance is closed. No callback is called any more.
    Closed,
}

const _: () = {
    const fn can_be_closed_by_any_thread<T: Send + Sync>() {}
    can_be_closed_by_any_thread::<Instance>();
};

impl InstanceOptions {
    fn parse(text: &str, has_callback: bool) -> Outcome<InstanceOptions> {
        let mut options = Options::read(text)?;
        let config = options.value("config");
        let imports = options.words("callback", &IMPORTS)?;
        let threads = options.word("threads", &["own", "any"])?;
        options.end()?;
        let config = match config {
            Some(Value::Object(config)) => with_defaults(config),
            Some(_) => return Err(Failure::invalid("config", "must be an object", None)),
            None => return Err(Failure::invalid("config", "is missing", Some("give at least `sealingKeys`"))),
        };
        let imports = match (has_callback, imports) {
            (false, Some(imports)) if !imports.is_empty() => {
                return Err(Failure::invalid("callback", "names imports, but there is no callback", None));
            }
            (false, _) => Vec::new(),
            (true, imports) => imports.unwrap_or_else(|| vec!["storage"]),
        };
        let thread = (threads != Some("any")).then(|| std::thread::current().id());
        Ok(InstanceOptions { config, imports, thread })
    }
}

/// Adds the members of `config` that the contract requires and the interface does not.
fn with_defaults(mut config: Map<String, Value>) -> Value {
    let lists = [("profiles", json!([])), ("allowDestinations", json!([]))];
    let words = [("profile", json!("standard")), ("plainHttp", json!("allowed"))];
    for (name, value) in lists.into_iter().chain(words) {
        config.entry(name).or_insert(value);
    }
    config.into()
}

impl Instance {
    /// Creates an instance and configures its guest.
    pub(crate) fn open(engine: Arc<Engine>, options: &str, callback: Option<Callback>) -> Outcome<Instance> {
        let options = InstanceOptions::parse(options, callback.is_some())?;
        let guest = Mutex::new(Guest::Trapped);
        let instance = Instance { engine, options, callback, signals: Signals::new(), guest };
        let guest = contained(|| instance.instantiate()).map_err(Failure::without_instance)?;
        *instance.lock_guest()? = Guest::Ready(guest);
        Ok(instance)
    }

    /// Calls a function of the contract.
    pub(crate) fn call(&self, function: &str, arguments: &str) -> Outcome<Value> {
        if self.options.thread.is_some_and(|thread| thread != std::thread::current().id()) {
            let message = "the instance belongs to the thread that created it";
            let hint = "call it there, create one for each thread, or create it with \"threads\": \"any\"";
            return Err(Failure::misused("wrong-thread", message, hint));
        }
        let mut guest = self.lock_guest()?;
        if function == "webhooks.configure" {
            let hint = "hw_instance_new configures an instance; for another configuration create another instance";
            return Err(Failure::invalid("function", "is reserved for the bridge", Some(hint)));
        }
        let arguments = match arguments {
            "" => json!({}),
            text => json::read(text.as_bytes())
                .map_err(|problem| Failure::invalid("arguments", &format!("has {problem}"), None))?,
        };
        if !matches!(&*guest, Guest::Ready(plugin) if !plugin.has_trapped()) {
            // The old guest's requests in flight are aborted before the new guest begins.
            *guest = Guest::Trapped;
            *guest = Guest::Ready(contained(|| self.instantiate())?);
        }
        let Guest::Ready(plugin) = &mut *guest else { return Err(Failure::internal("there is no guest")) };
        let called = contained(|| match plugin.call_json(function, &arguments) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(declined)) => Err(declined_failure(function, declined)),
            Err(trap) => Err(Failure::trapped(&trap.reason)),
        });
        if plugin.has_trapped() {
            *guest = Guest::Trapped;
        }
        called
    }

    /// See `hw_instance_signal_work`.
    pub(crate) fn signal_work(&self) {
        self.signals.work();
    }

    /// See `hw_instance_signal_drain`.
    pub(crate) fn signal_drain(&self) {
        self.signals.drain();
    }

    /// Ends the guest, unless a call is in progress. Any thread may close, because no callback is called.
    pub(crate) fn close(&self) -> Outcome<()> {
        *self.lock_guest()? = Guest::Closed;
        Ok(())
    }

    /// Locks the guest for a call.
    fn lock_guest(&self) -> Outcome<MutexGuard<'_, Guest>> {
        let guest = match self.guest.try_lock() {
            Ok(guest) => guest,
            Err(TryLockError::Poisoned(guest)) => guest.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let message = "another call of the instance is in progress";
                let hint = "make one call at a time, none within the callback, or use several instances";
                return Err(Failure::misused("busy", message, hint));
            }
        };
        // A thread may have found the handle just before another one closed it.
        if matches!(*guest, Guest::Closed) { Err(Failure::closed("the instance is closed")) } else { Ok(guest) }
    }

    fn instantiate(&self) -> Outcome<Box<Plugin>> {
        match self.engine.runtime.instantiate_json(self.imports(), &self.options.config) {
            Ok(Ok(plugin)) => Ok(Box::new(plugin)),
            Ok(Err(declined)) => Err(declined_failure("webhooks.configure", declined)),
            Err(trap) => Err(Failure::trapped(&trap.reason)),
        }
    }

    fn imports(&self) -> Imports {
        let serving = |import: &str| self.callback.filter(|_| self.options.imports.contains(&import));
        let http: Arc<dyn Http + Send + Sync> = match serving("http") {
            Some(callback) => Arc::new(CallbackHttp::new(callback, self.signals.clone())),
            None => Arc::new(EngineHttp::new(self.engine.clone(), self.signals.clone(), serving("signal"))),
        };
        let mut imports = Imports::new(Arc::new(CallbackStorage(serving("storage"))), http);
        if let Some(callback) = serving("clock") {
            imports = imports.clock(Arc::new(CallbackClock(callback)));
        }
        if let Some(callback) = serving("random") {
            imports = imports.entropy(Arc::new(CallbackEntropy(callback)));
        }
        if let Some(callback) = serving("log") {
            imports = imports.log(move |level, message| imports::log(&callback, level, message));
        }
        imports
    }
}

fn declined_failure(function: &str, declined: Declined) -> Failure {
    match declined {
        Declined::Refused(error) => Failure::refused(error),
        Declined::Arguments(misfit) => {
            let field = if misfit.field.is_empty() { "arguments" } else { &misfit.field };
            Failure::invalid(field, &misfit.message, Some(&format!("wit/ has the parameters of {function}")))
        }
        Declined::NoFunction(functions) => {
            let hint = format!("known functions: {}", functions.join(", "));
            Failure::invalid("function", &format!("names no function: {function}"), Some(&hint))
        }
    }
}
