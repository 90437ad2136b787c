//! An engine: the compiled component and the HTTP client that its instances share. The client is created with the first request.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use hookwright_host::http::{Builder, HttpClient};
use hookwright_host::{Runtime, RuntimeBuilder};
use serde_json::{Value, json};

use crate::code;
use crate::failure::{Failure, Outcome};
use crate::lock::lock;
use crate::options::Options;

/// Linear memory of one instance, in bytes. The guest starts with 1.2 MB; the minimum leaves room for small events.
const MEMORY_BYTES: RangeInclusive<u64> = 4 * 1024 * 1024..=4 * 1024 * 1024 * 1024;
/// Time that a guest may compute between two calls of its host, in milliseconds. The minimum is the ticker's precision.
const GUEST_TIME_MS: RangeInclusive<u64> = 10..=600_000;

/// See the module.
pub(crate) struct Engine {
    pub(crate) runtime: Runtime,
    /// Why the machine code is not kept in the cache folder.
    uncached: Option<String>,
    http: OnceLock<Result<HttpClient, String>>,
    /// The settings of the client, until it is created.
    http_builder: Mutex<Option<Builder>>,
}

/// The options of `hw_engine_open`.
pub(crate) struct EngineOptions {
    pub(crate) keep: bool,
    code: CodeSource,
    memory_bytes_max: Option<u64>,
    guest_time_ms_max: Option<u64>,
    http: Builder,
}

/// Where the machine code comes from.
enum CodeSource {
    /// A file that `hw_compile` made, and a user who may own it.
    Compiled { path: String, owner: Option<u32> },
    /// Compiled in this process, from this file or the built-in component.
    Component { path: Option<String>, cache: Option<String> },
}

/// How many threads may compile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// Only the calling one: after a fork, the child has no others.
    One,
    Many,
}

impl EngineOptions {
    /// Parses the options.
    pub(crate) fn parse(text: &str) -> Outcome<EngineOptions> {
        let mut options = Options::read(text)?;
        let keep = options.flag("keep")?;
        let component = options.text("component")?;
        let cache = options.text("cache")?;
        let compiled = options.text("compiled")?;
        let owner = options.number("compiledOwner", 0..=u64::from(u32::MAX))?;
        let memory_bytes_max = options.number("memoryBytesMax", MEMORY_BYTES)?;
        let guest_time_ms_max = options.number("guestTimeMsMax", GUEST_TIME_MS)?;
        let http = http_builder(&mut options)?;
        options.end()?;
        let code = match compiled {
            Some(_) if component.is_some() || cache.is_some() => {
                let hint = "omit `component` and `cache`: they say what to compile";
                return Err(Failure::invalid("compiled", "is machine code already", Some(hint)));
            }
            Some(path) => CodeSource::Compiled { path, owner: owner.and_then(|owner| u32::try_from(owner).ok()) },
            None => CodeSource::Component { path: component, cache },
        };
        Ok(EngineOptions { keep, code, memory_bytes_max, guest_time_ms_max, http })
    }
}

impl Engine {
    /// Compiles or loads the component.
    pub(crate) fn open(options: EngineOptions, threads: Threads) -> Outcome<Engine> {
        let mut builder = runtime_builder(threads);
        if let Some(bytes) = options.memory_bytes_max {
            builder = builder.memory_bytes_max(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        if let Some(ms) = options.guest_time_ms_max {
            builder = builder.guest_time_max(Duration::from_millis(ms));
        }
        let engine = builder.engine().map_err(|error| Failure::engine(&format!("{error:#}")))?;
        let (component, uncached) = match &options.code {
            CodeSource::Compiled { path, owner } => (code::load(&engine, Path::new(path), *owner)?, None),
            CodeSource::Component { path, cache } => {
                code::compiled_here(&engine, path.as_deref().map(Path::new), cache.as_deref().map(Path::new))?
            }
        };
        let runtime = builder.build_of(engine, &component).map_err(|error| Failure::engine(&format!("{error:#}")))?;
        Ok(Engine { runtime, uncached, http: OnceLock::new(), http_builder: Mutex::new(Some(options.http)) })
    }

    /// Returns what the caller should know: an object with `problems`, or null if there are none.
    pub(crate) fn problems(&self) -> Value {
        self.uncached.as_ref().map_or(Value::Null, |problem| json!({"problems": [problem]}))
    }

    /// Returns the HTTP client. The first call creates it. The error says why it cannot be created.
    pub(crate) fn http(&self) -> Result<&HttpClient, &str> {
        let client = self.http.get_or_init(|| {
            let builder = lock(&self.http_builder).take();
            builder.unwrap_or_else(HttpClient::builder).build().map_err(|error| format!("{error:#}"))
        });
        client.as_ref().map_err(String::as_str)
    }
}

/// Compiles a component into a file, with the options of `hw_compile`.
pub(crate) fn compile(options: &str, threads: Threads) -> Outcome<Value> {
    let mut options = Options::read(options)?;
    let component = options.text("component")?;
    let to = options.text("to")?;
    options.end()?;
    let to = to.ok_or_else(|| Failure::invalid("to", "is missing", Some("give the path of the file to create")))?;
    // The file may be loaded on another machine of this target, so the code uses no optional processor features.
    let builder = runtime_builder(threads).target(env!("HOOKWRIGHT_TARGET"));
    let engine = builder.engine().map_err(|error| Failure::engine(&format!("{error:#}")))?;
    let bytes = code::compile_to(&engine, component.as_deref().map(Path::new), Path::new(&to))?;
    Ok(json!({"bytes": bytes}))
}

/// Returns the settings of a runtime. Its own cache is off, because the bridge keeps the machine code.
fn runtime_builder(threads: Threads) -> RuntimeBuilder {
    let builder = Runtime::builder().without_cache();
    if threads == Threads::One { builder.on_one_thread() } else { builder }
}

fn http_builder(options: &mut Options) -> Outcome<Builder> {
    let mut builder = HttpClient::builder();
    if let Some(pem) = options.text("caPem")? {
        builder = builder.roots_pem(pem).map_err(|error| Failure::invalid("caPem", &format!("{error:#}"), None))?;
    }
    if let Some(url) = options.text("proxy")? {
        builder = builder.proxy(&url).map_err(|error| Failure::invalid("proxy", &format!("{error:#}"), None))?;
    }
    Ok(builder)
}
