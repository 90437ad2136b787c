//! An engine: the compiled component, and the HTTP client that its instances share, which nobody has before it is needed.

#[cfg(feature = "compiler")]
use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hookwright_host::http::{Builder, HttpClient};
use hookwright_host::wasmtime::component::Component;
use hookwright_host::{COMPONENT, Runtime, RuntimeBuilder, wasmtime};
use serde_json::{Value, json};

use crate::code;
use crate::failure::{Answer, Failure};
use crate::handles::tables;
use crate::options::Options;

/// Linear memory of one instance, in bytes: the guest starts with 1.2 MB and has room for some events then; above there is none.
const MEMORY_BYTES: std::ops::RangeInclusive<u64> = 4 * 1024 * 1024..=4 * 1024 * 1024 * 1024;
/// Milliseconds that a guest may compute at a stretch: the ticker's precision, and what nobody waits for.
const GUEST_TIME_MS: std::ops::RangeInclusive<u64> = 10..=600_000;

/// See the module.
pub(crate) struct Engine {
    pub(crate) runtime: Runtime,
    http: OnceLock<Result<HttpClient, String>>,
    /// How the client is to be made; taken when it is.
    http_builder: Mutex<Option<Builder>>,
}

/// Opens an engine as the options say, or finds the one that was kept for them. Answers its number.
pub(crate) fn open(text: &str) -> Answer<u64> {
    if let Some(engine) = tables().kept(text) {
        return Ok(engine);
    }
    let mut options = Options::read(text)?;
    let keep = options.flag("keep")?;
    let component = options.text("component")?;
    let cache = options.text("cache")?;
    let compiled = options.text("compiled")?;
    let compiled_owner = options.number("compiledOwner", 0..=u64::from(u32::MAX))?;
    let memory_bytes_max = options.number("memoryBytesMax", MEMORY_BYTES)?;
    let guest_time_ms_max = options.number("guestTimeMsMax", GUEST_TIME_MS)?;
    let http_builder = http_builder(&mut options)?;
    options.end()?;
    if let (Some(_), true) = (&compiled, component.is_some() || cache.is_some()) {
        let hint = "leave `component` and `cache` out: they say what to compile";
        return Err(Failure::invalid("compiled", "is machine code already", Some(hint)));
    }

    let mut builder = builder();
    if let Some(bytes) = memory_bytes_max {
        builder = builder.memory_bytes_max(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(ms) = guest_time_ms_max {
        builder = builder.guest_time_max(Duration::from_millis(ms));
    }
    let engine = builder.engine().map_err(|error| Failure::engine(&format!("{error:#}")))?;
    let component = match compiled {
        Some(path) => {
            let owner = compiled_owner.and_then(|owner| u32::try_from(owner).ok());
            code::load(&engine, Path::new(&path), owner)?
        }
        None => compiled_here(&engine, component.as_deref(), cache.as_deref())?,
    };
    let runtime = builder.build_of(engine, &component).map_err(|error| Failure::engine(&format!("{error:#}")))?;
    let engine = Arc::new(Engine { runtime, http: OnceLock::new(), http_builder: Mutex::new(Some(http_builder)) });
    Ok(if keep { tables().keep(text, engine) } else { tables().engines.add(engine) })
}

/// Compiles a component into a file as the options say.
pub(crate) fn compile(options: &str) -> Answer<Value> {
    let mut options = Options::read(options)?;
    let component = options.text("component")?;
    let to = options.text("to")?;
    options.end()?;
    let to = to.ok_or_else(|| Failure::invalid("to", "is missing", Some("the path of the file to make")))?;
    // Whoever ships the file knows not on which machine it will be loaded.
    let builder = builder().target(env!("HOOKWRIGHT_TARGET"));
    let engine = builder.engine().map_err(|error| Failure::engine(&format!("{error:#}")))?;
    let code = machine_code(&engine, component.as_deref())?;
    Ok(json!({"bytes": code::write("to", Path::new(&to), &code)?}))
}

/// What the library is.
pub(crate) fn version() -> Value {
    json!({
        "abi": crate::HW_ABI,
        "version": env!("CARGO_PKG_VERSION"),
        "target": env!("HOOKWRIGHT_TARGET"),
        "compiler": cfg!(feature = "compiler"),
        "component": code::fingerprint(COMPONENT),
    })
}

impl Engine {
    /// The HTTP client, made now if it was not needed before; or why there is none.
    pub(crate) fn http(&self) -> Result<&HttpClient, &str> {
        let client = self.http.get_or_init(|| {
            let builder = self.http_builder.lock().unwrap_or_else(PoisonError::into_inner).take();
            builder.unwrap_or_else(HttpClient::builder).build().map_err(|error| format!("{error:#}"))
        });
        client.as_ref().map_err(String::as_str)
    }
}

/// A runtime whose machine code is the bridge's to keep.
fn builder() -> RuntimeBuilder {
    let builder = Runtime::builder().without_cache();
    if tables().are_of_a_fork() { builder.on_one_thread() } else { builder }
}

fn http_builder(options: &mut Options) -> Answer<Builder> {
    let mut builder = HttpClient::builder();
    if let Some(pem) = options.text("caPem")? {
        builder = builder.roots_pem(pem).map_err(|error| Failure::invalid("caPem", &format!("{error:#}"), None))?;
    }
    if let Some(url) = options.text("proxy")? {
        builder = builder.proxy(&url).map_err(|error| Failure::invalid("proxy", &format!("{error:#}"), None))?;
    }
    Ok(builder)
}

#[cfg(feature = "compiler")]
fn compiled_here(engine: &wasmtime::Engine, path: Option<&str>, cache: Option<&str>) -> Answer<Component> {
    let bytes = component(path)?;
    match cache {
        Some(folder) => code::cached(engine, &bytes, Path::new(folder)),
        None => Component::new(engine, &bytes)
            .map_err(|error| Failure::engine(&format!("the component does not compile: {error:#}"))),
    }
}

#[cfg(not(feature = "compiler"))]
fn compiled_here(_: &wasmtime::Engine, _: Option<&str>, _: Option<&str>) -> Answer<Component> {
    let hint = "name a file that hw_compile of the library with the compiler has made";
    Err(Failure::invalid("compiled", "is missing: this library was built without the compiler", Some(hint)))
}

#[cfg(feature = "compiler")]
fn machine_code(engine: &wasmtime::Engine, path: Option<&str>) -> Answer<Vec<u8>> {
    code::compile(engine, &component(path)?)
}

#[cfg(not(feature = "compiler"))]
fn machine_code(_: &wasmtime::Engine, _: Option<&str>) -> Answer<Vec<u8>> {
    Err(Failure::engine("this library was built without the compiler"))
}

#[cfg(feature = "compiler")]
fn component(path: Option<&str>) -> Answer<Cow<'static, [u8]>> {
    path.map_or(Ok(Cow::Borrowed(COMPONENT)), |path| code::read_component(path).map(Cow::Owned))
}
