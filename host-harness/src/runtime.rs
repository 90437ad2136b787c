//! The WebAssembly runtime of a process: compiles the component once, and makes instances with limits.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookwright_engine::Settings;
use serde_json::{Value, json};
use wasmtime::component::Component;
use wasmtime::error::Context;
#[cfg(feature = "compiler")]
use wasmtime::{Cache, CacheConfig};
use wasmtime::{Config, Engine, StoreLimitsBuilder};

use crate::imports::Imports;
use crate::limits;
use crate::linker::{self, Declined, Limits, Linked, State};
use crate::plugin::{CallError, Plugin, Trap, trap};
use crate::ticker::Ticker;

/// The component that is built into this host.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hookwright.wasm"));

/// A compiled component from which instances are made. Clones share it.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    engine: Engine,
    linked: Linked,
    ticker: Ticker,
    memory_bytes_max: usize,
    guest_time_max: Duration,
}

/// The settings of a [`Runtime`].
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "only read when a component is compiled"))]
pub struct RuntimeBuilder {
    component: Cow<'static, [u8]>,
    cache: CacheMode,
    memory_bytes_max: usize,
    guest_time_max: Duration,
    target: Option<String>,
    one_thread: bool,
}

/// Where compiled code is cached between processes.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "only read when a component is compiled"))]
enum CacheMode {
    /// In the user's cache folder, if it is writable.
    User,
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere.
    Off,
}

impl Runtime {
    /// Returns a builder with the built-in component and the default limits.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            component: Cow::Borrowed(COMPONENT),
            cache: CacheMode::User,
            memory_bytes_max: limits::MEMORY_BYTES_MAX,
            guest_time_max: Duration::from_millis(limits::GUEST_TIME_MS_MAX),
            target: None,
            one_thread: false,
        }
    }

    /// Makes an instance and configures it.
    pub fn instantiate(&self, imports: Imports, settings: &Settings) -> Result<Plugin, CallError> {
        let mut plugin = self.unconfigured(imports).map_err(CallError::Trapped)?;
        plugin.configure(settings)?;
        Ok(plugin)
    }

    /// Makes an instance and configures it with the contract's `config` as JSON, in the form of [`Plugin::call_json`].
    pub fn instantiate_json(&self, imports: Imports, config: &Value) -> Result<Result<Plugin, Declined>, Trap> {
        let mut plugin = self.unconfigured(imports)?;
        let configured = plugin.call_json("webhooks.configure", &json!({"config": config}))?;
        Ok(configured.map(|_| plugin))
    }

    fn unconfigured(&self, imports: Imports) -> Result<Plugin, Trap> {
        let runtime = &*self.0;
        let bounds = StoreLimitsBuilder::new()
            .memory_size(runtime.memory_bytes_max)
            .instances(limits::CORE_INSTANCES_MAX)
            .tables(limits::TABLES_MAX)
            .memories(limits::MEMORIES_MAX)
            .table_elements(limits::TABLE_ELEMENTS_MAX)
            .build();
        let state = State {
            imports,
            limits: Limits { bounds, memory_refused: false },
            ticker: runtime.ticker.clone(),
            guest_since: Instant::now(),
            refused: Vec::new(),
            error_last: None,
        };
        let tick = Duration::from_millis(limits::TICK_MS);
        let running = runtime.ticker.running();
        let (store, exports) =
            linker::instantiate(&runtime.engine, &runtime.linked, state, runtime.guest_time_max, tick);
        drop(running);
        match exports {
            Ok(exports) => Ok(Plugin::new(store, exports, runtime.linked.functions())),
            Err(error) => Err(trap(&error, store.data())),
        }
    }
}

impl RuntimeBuilder {
    /// Uses this component instead of the built-in one.
    pub fn component(self, component: Vec<u8>) -> RuntimeBuilder {
        RuntimeBuilder { component: Cow::Owned(component), ..self }
    }

    /// Caches compiled code in this folder instead of the user's cache folder.
    pub fn cache_folder(self, folder: impl Into<PathBuf>) -> RuntimeBuilder {
        RuntimeBuilder { cache: CacheMode::Folder(folder.into()), ..self }
    }

    /// Disables the cache: each process compiles the component.
    pub fn without_cache(self) -> RuntimeBuilder {
        RuntimeBuilder { cache: CacheMode::Off, ..self }
    }

    /// Sets the limit of one instance's linear memory, in bytes. The default is 256 MiB.
    pub fn memory_bytes_max(self, memory_bytes_max: usize) -> RuntimeBuilder {
        RuntimeBuilder { memory_bytes_max, ..self }
    }

    /// Sets how long a guest may compute between two calls of its storage or HTTP queue. Waiting does not count. The default
    /// is 5 s.
    pub fn guest_time_max(self, guest_time_max: Duration) -> RuntimeBuilder {
        RuntimeBuilder { guest_time_max, ..self }
    }

    /// Generates code that runs on all machines of this target, for example `x86_64-unknown-linux-gnu`. By default the code
    /// uses the features of this machine's processor.
    pub fn target(self, target: &str) -> RuntimeBuilder {
        RuntimeBuilder { target: Some(target.to_owned()), ..self }
    }

    /// Compiles on the calling thread only. Needed in a process that was forked from one that has compiled, because the
    /// compiler's threads do not exist in it.
    pub fn on_one_thread(self) -> RuntimeBuilder {
        RuntimeBuilder { one_thread: true, ..self }
    }

    /// Compiles the component, or loads it from the cache, and links it.
    #[cfg(feature = "compiler")]
    pub fn build(self) -> anyhow::Result<Runtime> {
        let engine = self.engine()?;
        let component = Component::new(&engine, &self.component).context("compiling the component")?;
        Ok(self.link(engine, &component)?)
    }

    /// Returns the engine for [`RuntimeBuilder::build_of`], configured as these settings say. For embedders that cache compiled
    /// code themselves.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        Ok(self.configure().and_then(|config| Engine::new(&config)).context("setting up the WebAssembly engine")?)
    }

    /// Links a component that was compiled by the engine of [`RuntimeBuilder::engine`]. Nothing is compiled.
    pub fn build_of(self, engine: Engine, component: &Component) -> anyhow::Result<Runtime> {
        Ok(self.link(engine, component)?)
    }

    fn configure(&self) -> wasmtime::Result<Config> {
        let mut config = Config::new();
        // The component has no names, so a backtrace would be numbers. A panic's text contains its place.
        config.epoch_interruption(true).concurrency_support(false).wasm_backtrace_max_frames(None);
        if let Some(target) = &self.target {
            config.target(target)?;
        }
        #[cfg(feature = "compiler")]
        config.parallel_compilation(!self.one_thread);
        #[cfg(feature = "compiler")]
        match &self.cache {
            CacheMode::User => {
                // The cache only saves time. Without a home folder or with a full disk the host works, too.
                config.cache(Cache::new(CacheConfig::new()).ok());
            }
            CacheMode::Folder(folder) => {
                let mut cache = CacheConfig::new();
                cache.with_directory(folder);
                let cache = Cache::new(cache).with_context(|| format!("opening the cache in {}", folder.display()))?;
                config.cache(Some(cache));
            }
            CacheMode::Off => {}
        }
        Ok(config)
    }

    fn link(self, engine: Engine, component: &Component) -> wasmtime::Result<Runtime> {
        let linked = linker::link(&engine, component).context("linking the component")?;
        let ticker = Ticker::start(&engine).context("starting the ticker")?;
        Ok(Runtime(Arc::new(Inner {
            engine,
            linked,
            ticker,
            memory_bytes_max: self.memory_bytes_max,
            guest_time_max: self.guest_time_max,
        })))
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("memory_bytes_max", &self.0.memory_bytes_max).finish_non_exhaustive()
    }
}
