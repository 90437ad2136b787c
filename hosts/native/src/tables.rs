//! The open engines, instances and answers of this process.
//!
//! After a fork, the child gets new tables. Handles of the parent are refused there, and objects of the parent are never touched,
//! because their threads and locks belong to the parent.

use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::engine::{Engine, EngineOptions, Threads};
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Table};
use crate::instance::Instance;
use crate::lock::lock;

/// The tables of the process that used the bridge last: this process, or the one it was forked from.
static TABLES: AtomicPtr<Tables> = AtomicPtr::new(std::ptr::null_mut());

/// The open objects of one process.
pub(crate) struct Tables {
    process: u32,
    /// The tables of the parent process. Never touched. The reference keeps leak checkers from reporting them.
    inherited: Option<&'static Tables>,
    /// Smaller handles belong to the parent process.
    first: u64,
    engines: Table<Arc<Engine>>,
    instances: Table<Arc<Instance>>,
    answers: Table<Box<[u8]>>,
    /// The handles of the engines opened with `keep`, by the text of their options.
    kept: Mutex<HashMap<String, u64>>,
}

/// Returns the tables of this process.
pub(crate) fn tables() -> &'static Tables {
    let process = std::process::id();
    loop {
        let current = TABLES.load(Ordering::Acquire);
        // SAFETY: the pointer is null or came from `Box::leak` below, and is never freed.
        let inherited: Option<&'static Tables> = unsafe { current.as_ref() };
        if let Some(tables) = inherited.filter(|tables| tables.process == process) {
            return tables;
        }
        let tables: *mut Tables = Box::leak(Box::new(Tables::new(process, inherited)));
        // If two threads race, the second uses the tables of the first. Its own empty tables leak, at most once a process.
        let _ = TABLES.compare_exchange(current, tables, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Tables {
    fn new(process: u32, inherited: Option<&'static Tables>) -> Tables {
        Tables {
            process,
            inherited,
            first: handles::bound(),
            engines: Table::new(),
            instances: Table::new(),
            answers: Table::new(),
            kept: Mutex::default(),
        }
    }

    /// Opens an engine, or finds the one kept for exactly this text of options. Returns its handle, and what the caller should
    /// know about a new one.
    pub(crate) fn open_engine(&self, options: &str) -> Outcome<(u64, Value)> {
        if let Some(engine) = lock(&self.kept).get(options) {
            return Ok((*engine, Value::Null));
        }
        let parsed = EngineOptions::parse(options)?;
        let keep = parsed.keep;
        let engine = Arc::new(Engine::open(parsed, self.threads())?);
        let problems = engine.problems();
        if !keep {
            return Ok((self.engines.add(engine), problems));
        }
        // Another thread may have kept an engine for these options meanwhile.
        Ok((*lock(&self.kept).entry(options.to_owned()).or_insert_with(|| self.engines.add(engine)), problems))
    }

    /// Returns an open engine.
    pub(crate) fn engine(&self, handle: u64) -> Outcome<Arc<Engine>> {
        self.engines.get(handle).ok_or_else(|| self.unknown("engine", handle))
    }

    /// Closes an engine. An inherited or kept one stays as it is: others may use the handle of a kept engine.
    pub(crate) fn close_engine(&self, handle: u64) -> Outcome<()> {
        let stays = self.is_inherited(handle) || lock(&self.kept).values().any(|kept| *kept == handle);
        if stays || self.engines.remove(handle).is_some() { Ok(()) } else { Err(self.unknown("engine", handle)) }
    }

    /// Adds an instance and returns its handle.
    pub(crate) fn add_instance(&self, instance: Instance) -> u64 {
        self.instances.add(Arc::new(instance))
    }

    /// Returns an open instance.
    pub(crate) fn instance(&self, handle: u64) -> Outcome<Arc<Instance>> {
        self.instances.get(handle).ok_or_else(|| self.unknown("instance", handle))
    }

    /// Closes an instance. An inherited one is only forgotten.
    pub(crate) fn close_instance(&self, handle: u64) -> Outcome<()> {
        if !self.is_inherited(handle) {
            self.instance(handle)?.close()?;
            self.instances.remove(handle);
        }
        Ok(())
    }

    /// Adds an answer and returns the token that frees it.
    pub(crate) fn add_answer(&self, bytes: Box<[u8]>) -> u64 {
        self.answers.add(bytes)
    }

    /// Frees an answer. Returns false if it was freed before.
    pub(crate) fn free_answer(&self, token: u64) -> bool {
        self.answers.remove(token).is_some() || self.is_inherited(token)
    }

    /// Returns how many threads an engine of this process may compile with.
    pub(crate) fn threads(&self) -> Threads {
        if self.inherited.is_some() { Threads::One } else { Threads::Many }
    }

    /// Returns true if a handle is from before the fork that created this process.
    fn is_inherited(&self, handle: u64) -> bool {
        handle != 0 && handle < self.first
    }

    /// The error of a handle that is not open here.
    fn unknown(&self, kind: &str, handle: u64) -> Failure {
        if self.is_inherited(handle) {
            let message =
                format!("the {kind} {handle} was opened before a fork; its threads exist in the parent process only");
            Failure::misused("forked", &message, "open an engine after the fork, in each process")
        } else {
            Failure::closed(&format!("the {kind} {handle} is closed or never existed"))
        }
    }
}
