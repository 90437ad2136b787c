//! Handles: numbers that stand for what the bridge keeps, each given once. They make of a mistake in C an error.
//!
//! It decides what a number stands for, and that nothing from before a fork is touched after it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Engine;
use crate::failure::{Answer, Failure};
use crate::instance::Instance;

/// The next number, for all kinds: an engine's is no instance's.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The tables of this process. After a fork the child makes tables of its own: the parent's may be locked for ever.
static TABLES: AtomicPtr<Tables> = AtomicPtr::new(std::ptr::null_mut());

/// What one process keeps.
pub(crate) struct Tables {
    process: u32,
    /// Those of the process from which this one was forked: never touched, and not lost.
    inherited: Option<&'static Tables>,
    /// What is smaller was given by another process, from which this one was forked.
    first: u64,
    pub(crate) engines: Table<Arc<Engine>>,
    pub(crate) instances: Table<Arc<Instance>>,
    pub(crate) answers: Table<Box<[u8]>>,
    /// The numbers of engines that stay, by the text of their options.
    kept: Mutex<HashMap<String, u64>>,
}

/// What the numbers of one kind stand for.
pub(crate) struct Table<T> {
    what: &'static str,
    rows: Mutex<HashMap<u64, T>>,
}

/// A number that was not given before.
pub(crate) fn fresh() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The tables of this process.
pub(crate) fn tables() -> &'static Tables {
    let process = std::process::id();
    loop {
        let current = TABLES.load(Ordering::Acquire);
        // SAFETY: what is in there came out of `Box::leak` below, and is never freed.
        let inherited: Option<&'static Tables> = unsafe { current.as_ref() };
        if let Some(tables) = inherited.filter(|tables| tables.process == process) {
            return tables;
        }
        let tables: *mut Tables = Box::leak(Box::new(Tables::new(process, inherited)));
        // Who comes second uses the tables of who came first; its own, empty ones are lost, once a process.
        let _ = TABLES.compare_exchange(current, tables, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Tables {
    fn new(process: u32, inherited: Option<&'static Tables>) -> Tables {
        Tables {
            process,
            inherited,
            first: NEXT.load(Ordering::Relaxed),
            engines: Table { what: "engine", rows: Mutex::default() },
            instances: Table { what: "instance", rows: Mutex::default() },
            answers: Table { what: "answer", rows: Mutex::default() },
            kept: Mutex::default(),
        }
    }

    /// The engine that was kept for options of exactly this text.
    pub(crate) fn kept(&self, options: &str) -> Option<u64> {
        self.lock_kept().get(options).copied()
    }

    /// Keeps an engine until the process ends, unless another thread has kept one of these options meanwhile.
    pub(crate) fn keep(&self, options: &str, engine: Arc<Engine>) -> u64 {
        *self.lock_kept().entry(options.to_owned()).or_insert_with(|| self.engines.add(engine))
    }

    /// Whether an engine is kept.
    pub(crate) fn is_kept(&self, number: u64) -> bool {
        self.lock_kept().values().any(|kept| *kept == number)
    }

    fn lock_kept(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process was forked from one that used the bridge.
    pub(crate) fn are_of_a_fork(&self) -> bool {
        self.inherited.is_some()
    }

    /// Whether a number is from before the fork that made this process.
    pub(crate) fn is_inherited(&self, number: u64) -> bool {
        number != 0 && number < self.first
    }

    /// The engine of this number.
    pub(crate) fn engine(&self, number: u64) -> Answer<Arc<Engine>> {
        let engine = self.engines.lock().get(&number).cloned();
        engine.ok_or_else(|| self.stranger(self.engines.what, number))
    }

    /// The instance of this number.
    pub(crate) fn instance(&self, number: u64) -> Answer<Arc<Instance>> {
        let instance = self.instances.lock().get(&number).cloned();
        instance.ok_or_else(|| self.stranger(self.instances.what, number))
    }

    /// Why a number stands for nothing.
    pub(crate) fn stranger(&self, what: &str, number: u64) -> Failure {
        if self.is_inherited(number) {
            let message = format!("the {what} {number} was opened before a fork; its threads are in the parent alone");
            Failure::misused("forked", &message, "open an engine after the fork, in each process")
        } else {
            Failure::closed(&format!("there is no {what} {number}: it is closed, or never was"))
        }
    }
}

impl<T> Table<T> {
    /// Gives a number to something.
    pub(crate) fn add(&self, value: T) -> u64 {
        let number = fresh();
        self.lock().insert(number, value);
        number
    }

    /// Takes it back. What was there is not dropped here, for that may take long.
    pub(crate) fn remove(&self, number: u64) -> Option<T> {
        self.lock().remove(&number)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, T>> {
        // Nothing panics half-way under it, so a poisoned table is a good table.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
