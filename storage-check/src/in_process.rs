//! A store that is a Rust value in this process.

use crate::failure::{Done, Failure};
use crate::subject::{Durability, End, Handle, Subject};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Make = Box<dyn Fn() -> Result<Handle, String> + Sync>;

/// A store made by functions. A shared store has one handle for all connections. A file is opened for each connection.
pub struct InProcess {
    empty: Make,
    /// Opens the existing store. `None` if the store consists of the handle alone.
    open: Option<Make>,
    connected: Mutex<Vec<Handle>>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

impl InProcess {
    /// Makes a store that its connections share and that ends with them. `empty` makes a new one.
    pub fn shared(empty: impl Fn() -> Handle + Sync + 'static) -> InProcess {
        InProcess { empty: Box::new(move || Ok(empty())), open: None, connected: Mutex::default() }
    }

    /// Makes a store that can be opened several times. `empty` makes a new one in its place, and opens it.
    pub fn reopened(
        empty: impl Fn() -> Result<Handle, String> + Sync + 'static,
        open: impl Fn() -> Result<Handle, String> + Sync + 'static,
    ) -> InProcess {
        InProcess { empty: Box::new(empty), open: Some(Box::new(open)), connected: Mutex::default() }
    }

    fn connected(&self) -> MutexGuard<'_, Vec<Handle>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject for InProcess {
    fn durability(&self) -> Durability {
        if self.open.is_some() { Durability::Reopens } else { Durability::Memory }
    }

    fn fresh(&self) -> Done {
        let mut connected = self.connected();
        connected.clear();
        connected.push((self.empty)().map_err(|error| trouble("making an empty store", &error))?);
        Ok(())
    }

    fn connect(&self) -> Done<Handle> {
        let first = self.connected().first().cloned();
        match (&self.open, first) {
            (None, Some(shared)) => Ok(shared),
            (None, None) => Err(trouble("connecting", "the store has ended")),
            (Some(open), _) => open().map_err(|error| trouble("opening the store", &error)),
        }
    }

    /// The cases have dropped their own handles.
    fn end(&self, how: End) -> Done {
        self.connected().clear();
        if how == End::Closed { Ok(()) } else { Err(trouble("killing", "this process cannot be killed")) }
    }
}

fn trouble(what: &str, error: &str) -> Failure {
    Failure::new(what, "success", error)
}
