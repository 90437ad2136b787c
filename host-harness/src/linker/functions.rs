//! The component's exports, called by name and with JSON: for hosts in other languages.

use std::collections::BTreeMap;

use serde_json::Value;
use wasmtime::component::types::{ComponentItem, Type};
use wasmtime::component::{Component, ComponentExportIndex, Val};
use wasmtime::error::Context;
use wasmtime::{Engine, Store};

use super::exports::Exports;
use super::state::State;
use super::values::{Misfit, members, to_json};

/// The exported functions, as `interface.function`.
pub(crate) type Functions = BTreeMap<String, Function>;

/// An exported function and its type.
pub(crate) struct Function {
    index: ComponentExportIndex,
    parameters: Vec<(String, Type)>,
}

/// Why a call by name returned no value, although nothing trapped.
#[derive(Clone, Debug, PartialEq)]
pub enum Declined {
    /// There is no such function. Holds the names that exist.
    NoFunction(Vec<String>),
    /// The arguments do not fit the function's parameters.
    Arguments(Misfit),
    /// The error that the function returned.
    Refused(Value),
}

/// Returns the functions that a component exports.
pub(crate) fn functions(engine: &Engine, component: &Component) -> wasmtime::Result<Functions> {
    let mut functions = Functions::new();
    let ty = component.component_type();
    for (interface, item) in ty.exports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        let index = component.get_export_index(None, interface).context("an export has an index")?;
        // `hookwright:webhooks/console@0.1.0`
        let name = interface.rsplit('/').next().unwrap_or(interface);
        let name = name.split('@').next().unwrap_or(name);
        for (function, item) in instance.exports(engine) {
            let ComponentItem::ComponentFunc(ty) = item.ty else { continue };
            let index = component.get_export_index(Some(&index), function).context("a function has an index")?;
            let parameters = ty.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
            functions.insert(format!("{name}.{function}"), Function { index, parameters });
        }
    }
    Ok(functions)
}

/// Calls an exported function. `arguments` is a JSON object with the function's parameters as members.
pub(crate) fn call(
    exports: &Exports,
    store: &mut Store<State>,
    functions: &Functions,
    name: &str,
    arguments: &Value,
) -> wasmtime::Result<Result<Value, Declined>> {
    let Some(function) = functions.get(name) else {
        return Ok(Err(Declined::NoFunction(functions.keys().cloned().collect())));
    };
    let parameters = function.parameters.iter().map(|(name, ty)| (name.as_str(), ty.clone()));
    let arguments: Vec<Val> = match members("", arguments, parameters) {
        Ok(members) => members.into_iter().map(|(_, value)| value).collect(),
        Err(misfit) => return Ok(Err(Declined::Arguments(misfit))),
    };
    let callee = exports.instance().get_func(&mut *store, function.index).context("the function is exported")?;
    let mut answers = vec![Val::Bool(false); callee.ty(&*store).results().len()];
    callee.call(&mut *store, &arguments, &mut answers)?;
    Ok(match answers.pop() {
        None => Ok(Value::Null),
        Some(Val::Result(Ok(value))) => Ok(value.map_or(Value::Null, |value| to_json(&value))),
        Some(Val::Result(Err(error))) => Err(Declined::Refused(error.map_or(Value::Null, |error| to_json(&error)))),
        Some(value) => Ok(to_json(&value)),
    })
}
