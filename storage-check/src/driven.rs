//! A store behind a command. Each process of the command is a driver that speaks the protocol, and all use one store.

mod process;

use crate::failure::Done;
use crate::failure::Failure;
use crate::protocol::{self, Call, PROTOCOL};
use crate::subject::{Durability, End, Handle, Subject};
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use process::Process;
use serde_json::Value;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Number of processes that share the connections, if the store allows more than one.
const PROCESSES: usize = 2;

/// A command, and its processes.
#[derive(Debug)]
pub struct Driven {
    command: Vec<OsString>,
    timeout: Duration,
    is_durable: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    processes: [Option<Arc<Process>>; PROCESSES],
    /// Number of connections since all processes ended.
    connections: usize,
}

impl Driven {
    /// Starts the command once, to read its store's durability and to check that it ends when its input ends. `timeout` is
    /// the bound of each call.
    pub fn new(command: Vec<OsString>, timeout: Duration) -> Done<Driven> {
        let (process, is_durable) = start(&command, timeout)?;
        process.close()?;
        Ok(Driven { command, timeout, is_durable, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn process(&self, state: &mut State, place: usize) -> Done<Arc<Process>> {
        if let Some(process) = &state.processes[place] {
            return Ok(process.clone());
        }
        let process = Arc::new(start(&self.command, self.timeout)?.0);
        state.processes[place] = Some(process.clone());
        Ok(process)
    }
}

fn start(command: &[OsString], timeout: Duration) -> Done<(Process, bool)> {
    let process = Process::start(command, timeout)?;
    let trouble = |came: String| Failure::new("the answer to open", "{\"protocol\":1,\"durable\":true or false}", came);
    let answer = process.call(&Call::Open).map_err(trouble)?.map_err(|error| trouble(error.to_string()))?;
    let is_durable = answer["durable"].as_bool().filter(|_| answer["protocol"].as_u64() == Some(PROTOCOL));
    Ok((process, is_durable.ok_or_else(|| trouble(answer.to_string()))?))
}

impl Subject for Driven {
    fn durability(&self) -> Durability {
        if self.is_durable { Durability::Crashes } else { Durability::Memory }
    }

    fn fresh(&self) -> Done {
        let mut state = self.state();
        *state = State::default();
        let process = self.process(&mut state, 0)?;
        let trouble = |came: String| Failure::new("the answer to reset", "success", came);
        process.call(&Call::Reset).map_err(trouble)?.map(drop).map_err(|error| trouble(error.to_string()))
    }

    fn connect(&self) -> Done<Handle> {
        let mut state = self.state();
        let place = if self.is_durable { state.connections % PROCESSES } else { 0 };
        let process = self.process(&mut state, place)?;
        state.connections += 1;
        Ok(Arc::new(Connection(process)))
    }

    fn end(&self, how: End) -> Done {
        let mut state = self.state();
        if how == End::FirstKilled {
            if let Some(process) = state.processes[0].take() {
                process.kill();
            }
            return Ok(());
        }
        for process in std::mem::take(&mut *state).processes.into_iter().flatten() {
            match how {
                End::Closed => process.close()?,
                End::Killed | End::FirstKilled => process.kill(),
            }
        }
        Ok(())
    }
}

/// The calls of one process. If the driver breaks the protocol, the outcome of the call is unknown.
struct Connection(Arc<Process>);

impl Connection {
    fn call<T>(&self, call: &Call, read: impl FnOnce(Value) -> Result<T, String>) -> Result<T, StorageError> {
        let beyond = |why: String| StorageError::Unknown(format!("the driver: {why}"));
        match self.0.call(call).map_err(beyond)? {
            Ok(answer) => read(answer).map_err(beyond),
            Err(error) => Err(protocol::error_in(error).map_err(beyond)?),
        }
    }
}

impl Storage for Connection {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.call(&Call::Get { keys: keys.to_vec() }, protocol::entries_in)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.call(&Call::scan(range, limit, order), |answer| {
            let rows = protocol::entries_in(answer)?;
            rows.into_iter().map(|row| row.ok_or_else(|| "a scan answers rows, not null".to_owned())).collect()
        })
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        self.call(&Call::commit(checks, mutations), protocol::versions_in)
    }
}
