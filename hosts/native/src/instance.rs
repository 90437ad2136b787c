//! An instance: its guest, which is made anew after a trap, and who may call it when.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::ThreadId;

use hookwright_engine::ports::Http;
use hookwright_host::wake::Wakes;
use hookwright_host::{Declined, Imports, Plugin};
use serde_json::{Value, json};

use crate::callback::{Callback, HwCallback};
use crate::engine::Engine;
use crate::failure::{Answer, Failure};
use crate::json;
use crate::options::Options;
use crate::outside::{self, CallbackClock, CallbackEntropy, CallbackHttp, CallbackStorage, OwnHttp};

/// What a callback may serve.
const SERVED: [&str; 6] = ["storage", "http", "clock", "random", "log", "signal"];

/// See the module.
pub(crate) struct Instance {
    engine: Arc<Engine>,
    config: Value,
    callback: Option<Callback>,
    served: Vec<&'static str>,
    wakes: Wakes,
    /// None: any thread may call.
    thread: Option<ThreadId>,
    guest: Mutex<Guest>,
}

/// Who answers the calls.
enum Guest {
    /// This one, unless it has trapped.
    Ready(Box<Plugin>),
    /// A new one, from the next call on.
    Trapped,
    /// Nobody any more: whoever comes with the handle, late, calls no callback.
    Closed,
}

const _: () = {
    const fn may_be_closed_by_any_thread<T: Send + Sync>() {}
    may_be_closed_by_any_thread::<Instance>();
};

/// Makes an instance as the options say.
pub(crate) fn open(
    engine: Arc<Engine>,
    options: &str,
    callback: Option<HwCallback>,
    context: *mut std::ffi::c_void,
) -> Answer<Arc<Instance>> {
    let mut options = Options::read(options)?;
    let config = options.value("config");
    let served = options.words("callback", &SERVED)?;
    let threads = options.word("threads", &["own", "any"])?;
    options.end()?;
    let mut config = match config {
        Some(Value::Object(config)) => config,
        Some(_) => return Err(Failure::invalid("config", "must be an object", None)),
        None => return Err(Failure::invalid("config", "is missing", Some("give at least `sealingKeys`"))),
    };
    let usual = [("profile", json!("standard")), ("profiles", json!([])), ("allowDestinations", json!([]))];
    for (name, value) in usual.into_iter().chain([("plainHttp", json!("allowed"))]) {
        config.entry(name).or_insert(value);
    }
    let served = match (callback, served) {
        (None, Some(served)) if !served.is_empty() => {
            return Err(Failure::invalid("callback", "names what a callback serves, and there is none", None));
        }
        (None, _) => Vec::new(),
        (Some(_), served) => served.unwrap_or_else(|| vec!["storage"]),
    };
    let instance = Instance {
        engine,
        config: config.into(),
        callback: callback.map(|function| Callback::new(function, context)),
        served,
        wakes: Wakes::new(),
        thread: (threads != Some("any")).then(|| std::thread::current().id()),
        guest: Mutex::new(Guest::Trapped),
    };
    let guest = contained(|| instance.instantiate()).map_err(Failure::still_born)?;
    *instance.hold()? = Guest::Ready(guest);
    Ok(Arc::new(instance))
}

impl Instance {
    /// Calls a function of the contract.
    pub(crate) fn call(&self, function: &str, arguments: &str) -> Answer<Value> {
        if self.thread.is_some_and(|thread| thread != std::thread::current().id()) {
            let message = "the instance belongs to the thread that made it";
            let hint = "call it there, make one for each thread, or make it with \"threads\": \"any\"";
            return Err(Failure::misused("wrong-thread", message, hint));
        }
        let mut guest = self.hold()?;
        if function == "webhooks.configure" {
            let hint = "an instance is configured by hw_instance_new; for another configuration make another";
            return Err(Failure::invalid("function", "is the bridge's to call", Some(hint)));
        }
        let arguments = match arguments {
            "" => json!({}),
            text => json::read(text.as_bytes())
                .map_err(|wrong| Failure::invalid("arguments", &format!("have {wrong}"), None))?,
        };
        if !matches!(&*guest, Guest::Ready(plugin) if !plugin.has_trapped()) {
            // What the old one had in flight is aborted before the new one begins.
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

    /// See `hw_instance_wake`.
    pub(crate) fn wake(&self) {
        self.wakes.work();
    }

    /// See `hw_instance_drain`.
    pub(crate) fn drain(&self) {
        self.wakes.drain();
    }

    /// Ends the guest, unless it is in the middle of a call. Any thread may: no callback is called.
    pub(crate) fn close(&self) -> Answer<()> {
        *self.hold()? = Guest::Closed;
        Ok(())
    }

    /// The guest, for whoever may call now.
    fn hold(&self) -> Answer<MutexGuard<'_, Guest>> {
        let guest = match self.guest.try_lock() {
            Ok(guest) => guest,
            Err(TryLockError::Poisoned(guest)) => guest.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let message = "another call of the instance is in progress";
                let hint = "make calls one after the other, none within the callback, or use several instances";
                return Err(Failure::misused("busy", message, hint));
            }
        };
        // Whoever looked the handle up just before it was closed comes here after that.
        if matches!(*guest, Guest::Closed) { Err(Failure::closed("the instance is closed")) } else { Ok(guest) }
    }

    fn instantiate(&self) -> Answer<Box<Plugin>> {
        match self.engine.runtime.instantiate_json(self.imports(), &self.config) {
            Ok(Ok(plugin)) => Ok(Box::new(plugin)),
            Ok(Err(declined)) => Err(declined_failure("webhooks.configure", declined)),
            Err(trap) => Err(Failure::trapped(&trap.reason)),
        }
    }

    fn imports(&self) -> Imports {
        let serving = |import: &str| self.callback.filter(|_| self.served.contains(&import));
        let http: Arc<dyn Http + Send + Sync> = match serving("http") {
            Some(callback) => Arc::new(CallbackHttp::new(callback, self.wakes.clone())),
            None => Arc::new(OwnHttp::new(self.engine.clone(), self.wakes.clone(), serving("signal"))),
        };
        let mut imports = Imports::new(Arc::new(CallbackStorage(serving("storage"))), http);
        if let Some(callback) = serving("clock") {
            imports = imports.clock(Arc::new(CallbackClock(callback)));
        }
        if let Some(callback) = serving("random") {
            imports = imports.entropy(Arc::new(CallbackEntropy(callback)));
        }
        if let Some(callback) = serving("log") {
            imports = imports.log(move |level, message| outside::log(&callback, level, message));
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
            let there = format!("there are {}", functions.join(", "));
            Failure::invalid("function", &format!("names nothing: {function}"), Some(&there))
        }
    }
}

/// Lets no panic out: what unwinds through a guest has ended it, as a trap does.
fn contained<T>(run: impl FnOnce() -> Answer<T>) -> Answer<T> {
    // The guest that was unwound is thrown away; nothing else is shared.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Failure::trapped(&text(&*panic))))
}

/// What a panic said.
pub(crate) fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}
