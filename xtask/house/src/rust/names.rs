//! Follows a path through imports, re-exports and modules to the items that it names.

use super::read::{Binding, Crate, ModuleId};
use super::tokens::{Form, Reference};
use std::collections::BTreeSet;

/// An item, by its module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub module: ModuleId,
    pub name: String,
}

/// The meaning of a part of a path.
#[derive(Clone, Debug)]
enum Meaning {
    Module(ModuleId),
    /// An item, and the names that the path has after it.
    Item(Target, Vec<String>),
}

/// The names that are being looked up, against imports that lead to themselves.
type Visited = BTreeSet<(ModuleId, String)>;

impl Crate {
    /// Returns the items that a path names. A path to a module names none, a path to another crate neither.
    pub fn items(&self, from: ModuleId, reference: &Reference) -> Vec<Target> {
        let path = &reference.path;
        let mut items: Vec<Target> = match (path.split_first(), &reference.self_type) {
            (Some((first, rest)), Some(self_type)) if first == "Self" => {
                let path: Vec<String> = self_type.iter().chain(rest).cloned().collect();
                self.meanings(from, &path, &mut Visited::new()).into_iter().flat_map(|it| self.functions(it)).collect()
            }
            _ => {
                let meanings = self.meanings(from, path, &mut Visited::new());
                // A name may be that of a module and of a function. Only a call tells that it is the function.
                let is_module = meanings.iter().any(|meaning| matches!(meaning, Meaning::Module(_)));
                if is_module && reference.form != Form::Call {
                    return Vec::new();
                }
                meanings.into_iter().flat_map(|meaning| self.with_functions(meaning)).collect()
            }
        };
        if let ([name], true, true) = (path.as_slice(), items.is_empty(), reference.form == Form::Macro) {
            items.extend(self.macros.get(name).map(|module| Target { module: *module, name: name.clone() }));
        }
        items
    }

    /// Returns the module whose file a module stands in.
    pub fn file_owner(&self, mut module: ModuleId) -> ModuleId {
        while let (false, Some(parent)) = (self.modules[module].owns_file, self.modules[module].parent) {
            module = parent;
        }
        module
    }

    /// Returns true if the module is the other one or stands below it.
    pub fn is_below(&self, module: ModuleId, other: ModuleId) -> bool {
        self.modules[module].path.starts_with(&self.modules[other].path)
    }

    fn with_functions(&self, meaning: Meaning) -> Vec<Target> {
        let item = match &meaning {
            Meaning::Module(_) => None,
            Meaning::Item(target, _) => Some(target.clone()),
        };
        item.into_iter().chain(self.functions(meaning)).collect()
    }

    /// Returns the blocks that define the function which the path names after its type.
    fn functions(&self, meaning: Meaning) -> Vec<Target> {
        let Meaning::Item(item, rest) = meaning else { return Vec::new() };
        let Some(function) = rest.first() else { return Vec::new() };
        let blocks = self.impls.iter().filter(|block| block.functions.contains(function));
        let blocks = blocks.filter(|block| {
            let meanings = self.meanings(block.module, &block.type_path, &mut Visited::new());
            meanings.iter().any(|meaning| matches!(meaning, Meaning::Item(target, _) if *target == item))
        });
        blocks.map(|block| Target { module: block.module, name: function.clone() }).collect()
    }

    fn meanings(&self, from: ModuleId, path: &[String], visited: &mut Visited) -> Vec<Meaning> {
        let Some((first, rest)) = path.split_first() else { return vec![Meaning::Module(from)] };
        let parent = self.modules[from].parent;
        let starts = match first.as_str() {
            "crate" | "$crate" => vec![Meaning::Module(0)],
            "self" => vec![Meaning::Module(from)],
            "super" => parent.map(Meaning::Module).into_iter().collect(),
            name => self.named(from, name, rest, visited),
        };
        let mut meanings = Vec::new();
        for start in starts {
            match start {
                Meaning::Module(module) if !rest.is_empty() => meanings.extend(self.meanings(module, rest, visited)),
                other => meanings.push(other),
            }
        }
        meanings
    }

    fn named(&self, module: ModuleId, name: &str, rest: &[String], visited: &mut Visited) -> Vec<Meaning> {
        if !visited.insert((module, name.to_owned())) {
            return Vec::new();
        }
        let here = &self.modules[module];
        let mut meanings = Vec::new();
        for binding in here.names.get(name).into_iter().flatten() {
            match binding {
                Binding::Item => {
                    meanings.push(Meaning::Item(Target { module, name: name.to_owned() }, rest.to_vec()));
                }
                Binding::Module(child) => meanings.push(Meaning::Module(*child)),
                Binding::Import(path) => meanings.extend(self.imported(module, path, rest, visited)),
            }
        }
        if meanings.is_empty() {
            for glob in &here.globs {
                let path: Vec<String> = glob.iter().cloned().chain([name.to_owned()]).collect();
                meanings.extend(self.imported(module, &path, rest, visited));
            }
        }
        visited.remove(&(module, name.to_owned()));
        // A function may have the name of a module, and a path goes on through the module.
        if !rest.is_empty() && meanings.iter().any(|meaning| matches!(meaning, Meaning::Module(_))) {
            meanings.retain(|meaning| matches!(meaning, Meaning::Module(_)));
        }
        meanings
    }

    fn imported(&self, module: ModuleId, path: &[String], rest: &[String], visited: &mut Visited) -> Vec<Meaning> {
        let mut meanings = self.meanings(module, path, visited);
        for meaning in &mut meanings {
            if let Meaning::Item(_, after) = meaning {
                after.extend_from_slice(rest);
            }
        }
        meanings
    }
}
