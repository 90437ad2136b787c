//! The driver's side of the protocol, for a store written in Rust.

use crate::protocol::{self, Call, PROTOCOL};
use crate::subject::Handle;
use hookwright_engine::ports::{Direction, KeyRange};
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A store for a driver.
pub trait Offer: Sync {
    /// Returns true if another process finds the rows.
    fn is_durable(&self) -> bool;
    /// Opens the store, and makes it if it is missing.
    fn open(&self) -> Result<Handle, String>;
    /// Makes the store empty and opens it. No other connection is open.
    fn reset(&self) -> Result<Handle, String>;
}

/// Answers calls, several at a time, until the input ends. Fails if a stream fails, or a call cannot be parsed.
pub fn serve(offer: &dyn Offer, input: impl BufRead, output: impl Write + Send) -> io::Result<()> {
    let output = Mutex::new(output);
    let answer = |id: &Value, result: Result<Value, Value>| {
        let (name, value) = match result {
            Ok(value) => ("ok", value),
            Err(error) => ("error", error),
        };
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(output, "{}", json!({"id": id, name: value}))?;
        output.flush()
    };
    thread::scope(|scope| {
        let mut store: Option<Handle> = None;
        for line in input.lines() {
            let (id, call) = parse(&line?)?;
            let is_open = call == Call::Open;
            if is_open || call == Call::Reset {
                // The open store must be closed first.
                drop(store.take());
                let opened = if is_open { offer.open() } else { offer.reset() };
                store = Some(opened.map_err(io::Error::other)?);
                answer(&id, Ok(json!({"protocol": PROTOCOL, "durable": offer.is_durable()})))?;
                continue;
            }
            let Some(store) = store.clone() else { return Err(io::Error::other("a call came before open")) };
            let answer = &answer;
            scope.spawn(move || {
                let result = run(&store, call);
                // The store is closed before the answer is written, because a reset may follow.
                drop(store);
                // An error means that the other end is closed, so no answer is needed.
                let _ = answer(&id, result);
            });
        }
        Ok(())
    })
}

fn parse(line: &str) -> io::Result<(Value, Call)> {
    let mut line: Value = serde_json::from_str(line)?;
    let id = line.get_mut("id").map(Value::take).unwrap_or_default();
    Ok((id, serde_json::from_value(line)?))
}

fn run(store: &Handle, call: Call) -> Result<Value, Value> {
    let storage = |error| protocol::error_out(&error);
    let misread = |message: String| json!({"kind": "invalid", "message": message});
    match call {
        Call::Open | Call::Reset => Ok(Value::Null),
        Call::Get { keys } => store.get(&keys).map(protocol::entries_out).map_err(storage),
        Call::Scan { start, end, limit, order } => {
            let order = match order {
                protocol::Order::Forward => Direction::Forward,
                protocol::Order::Reverse => Direction::Reverse,
            };
            let found = store.scan(&KeyRange { start, end }, limit, order).map_err(storage)?;
            Ok(protocol::entries_out(found.into_iter().map(Some).collect()))
        }
        Call::Commit { checks, mutations } => {
            let checks = protocol::checks(checks).map_err(misread)?;
            let versions = store.commit(&checks, &protocol::mutations(mutations)).map_err(storage)?;
            Ok(protocol::versions_out(&versions))
        }
    }
}
