//! Reads a crate's modules from its root: their names, their imports, and the paths in their code.

use super::imports::{self, Import};
use super::tokens::{self, Form, Reference, Token};
use crate::syntax::{Source, children, line, visit};
use std::collections::BTreeMap;
use tree_sitter::Node;

pub type ModuleId = usize;

/// A crate's modules; the first is the root.
#[derive(Debug, Default)]
pub struct Crate {
    pub modules: Vec<Module>,
    /// The modules that define macros, by the macros' names: `macro_rules!` has no path.
    pub macros: BTreeMap<String, ModuleId>,
    pub impls: Vec<Impl>,
}

/// A module, in a file of its own or in that of its parent.
#[derive(Debug)]
pub struct Module {
    pub path: Vec<String>,
    pub parent: Option<ModuleId>,
    pub source: usize,
    pub owns_file: bool,
    pub names: BTreeMap<String, Vec<Binding>>,
    pub globs: Vec<Vec<String>>,
    pub references: Vec<Reference>,
}

/// A name's meaning in a module.
#[derive(Debug)]
pub enum Binding {
    Item,
    Module(ModuleId),
    Import(Vec<String>),
}

/// The functions that a block adds to a type.
#[derive(Debug)]
pub struct Impl {
    pub module: ModuleId,
    pub type_path: Vec<String>,
    pub functions: Vec<String>,
}

/// The place of the code that is read.
#[derive(Clone, Copy, Debug)]
struct At<'a> {
    module: ModuleId,
    /// The type that `Self` stands for, in a block of its functions.
    self_type: Option<&'a [String]>,
    /// False in a block of functions or a trait, whose functions have no name in the module.
    has_names: bool,
}

impl Crate {
    /// Reads the modules of the crate whose root is that source.
    pub fn read(sources: &[Source], root: usize) -> Crate {
        let mut reader = Reader { sources, tree: Crate::default(), tokens: Vec::new() };
        reader.file(root, Vec::new(), None);
        let Reader { mut tree, tokens, .. } = reader;
        for (module, reference) in tokens::references(&tokens) {
            tree.modules[module].references.push(reference);
        }
        for module in &mut tree.modules {
            module.references.sort_by_key(|reference| reference.line);
        }
        tree
    }
}

struct Reader<'a> {
    sources: &'a [Source],
    tree: Crate,
    /// The tokens of all code but imports, in order.
    tokens: Vec<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn file(&mut self, source: usize, path: Vec<String>, parent: Option<ModuleId>) -> ModuleId {
        let module = self.add(Module::new(source, path, parent, true));
        let root = self.sources[source].root();
        let attributes = children(root).into_iter().filter(|child| child.kind() == "inner_attribute_item");
        if !attributes.into_iter().any(|child| is_for_tests(self.sources[source].text_of(child))) {
            self.block(root, At { module, self_type: None, has_names: true });
        }
        module
    }

    fn add(&mut self, module: Module) -> ModuleId {
        self.tree.modules.push(module);
        self.tree.modules.len() - 1
    }

    fn bind(&mut self, module: ModuleId, name: &str, binding: Binding) {
        self.tree.modules[module].names.entry(name.to_owned()).or_default().push(binding);
    }

    fn source(&self, module: ModuleId) -> &'a Source {
        &self.sources[self.tree.modules[module].source]
    }

    /// Reads the children of a node, except those that only tests compile.
    fn block(&mut self, node: Node<'a>, at: At<'_>) {
        let mut skips_next = false;
        for child in children(node) {
            match child.kind() {
                "line_comment" | "block_comment" => {}
                "attribute_item" => {
                    skips_next |= is_for_tests(self.source(at.module).text_of(child));
                    if !skips_next {
                        self.attribute(child, at);
                    }
                }
                _ if skips_next => skips_next = false,
                _ => self.item(child, at),
            }
        }
    }

    fn item(&mut self, node: Node<'a>, at: At<'_>) {
        match node.kind() {
            "use_declaration" => self.import(node, at.module),
            "mod_item" => self.module(node, at),
            "impl_item" => self.impl_block(node, at),
            "string_literal" | "raw_string_literal" | "lifetime" | "label" | "inner_attribute_item" => {}
            kind => {
                self.define(node, at);
                if node.child_count() == 0 {
                    self.token(node, at);
                } else {
                    self.block(node, At { has_names: at.has_names && kind != "trait_item", ..at });
                }
            }
        }
    }

    /// Binds the name of an item.
    fn define(&mut self, node: Node<'a>, at: At<'_>) {
        const ITEMS: &[&str] = &[
            "function_item",
            "struct_item",
            "enum_item",
            "union_item",
            "type_item",
            "const_item",
            "static_item",
            "trait_item",
            "macro_definition",
        ];
        if !at.has_names || !ITEMS.contains(&node.kind()) {
            return;
        }
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.source(at.module).text_of(name);
        if node.kind() == "macro_definition" {
            self.tree.macros.insert(name.to_owned(), at.module);
        }
        self.bind(at.module, name, Binding::Item);
    }

    fn token(&mut self, node: Node<'a>, at: At<'_>) {
        let text = self.source(at.module).text_of(node);
        let self_type = at.self_type.map(<[String]>::to_vec);
        self.tokens.push(Token { text, kind: node.kind(), line: line(node), module: at.module, self_type });
    }

    /// Attributes of derives name functions in strings: `#[serde(with = "path")]`.
    fn attribute(&mut self, node: Node<'a>, at: At<'_>) {
        let source = self.source(at.module);
        visit(node, &mut |inner| {
            if inner.kind() == "string_content" {
                let path = tokens::path(source.text_of(inner));
                self.tree.modules[at.module]
                    .references
                    .extend(path.map(|path| Reference::new(path, line(inner), Form::Other)));
            }
            true
        });
    }

    fn import(&mut self, node: Node<'a>, module: ModuleId) {
        let source = self.source(module);
        let is_exported = children(node).into_iter().any(|child| child.kind() == "visibility_modifier");
        let Some(argument) = node.child_by_field_name("argument") else { return };
        for import in imports::read(source, argument) {
            let Import { path, name, line } = import;
            match name {
                None => self.tree.modules[module].globs.push(path),
                Some(name) => {
                    let form = if is_exported { Form::Reexport } else { Form::Import };
                    self.tree.modules[module].references.push(Reference::new(path.clone(), line, form));
                    self.bind(module, &name, Binding::Import(path));
                }
            }
        }
    }

    fn module(&mut self, node: Node<'a>, at: At<'_>) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.source(at.module).text_of(name);
        let mut path = self.tree.modules[at.module].path.clone();
        path.push(name.to_owned());
        let child = if let Some(body) = node.child_by_field_name("body") {
            let child = self.add(Module::new(self.tree.modules[at.module].source, path, Some(at.module), false));
            self.block(body, At { module: child, self_type: None, has_names: true });
            child
        } else {
            let Some(source) = self.file_of(&path) else { return };
            self.file(source, path, Some(at.module))
        };
        self.bind(at.module, name, Binding::Module(child));
    }

    /// Returns the file of a module below the folder of the root.
    fn file_of(&self, path: &[String]) -> Option<usize> {
        let root = &self.source(0).path;
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        let stem = format!("{folder}/{}", path.join("/"));
        let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
        self.sources.iter().position(|source| candidates.contains(&source.path))
    }

    fn impl_block(&mut self, node: Node<'a>, at: At<'_>) {
        let source = self.source(at.module);
        let Some(self_type) = node.child_by_field_name("type") else { return };
        let type_path = tokens::path(source.text_of(self_type).split('<').next().unwrap_or_default());
        if let (Some(type_path), None) = (&type_path, node.child_by_field_name("trait")) {
            let body = node.child_by_field_name("body").map(children).unwrap_or_default();
            let names = body.into_iter().filter_map(|item| item.child_by_field_name("name"));
            let functions = names.map(|name| source.text_of(name).to_owned()).collect();
            self.tree.impls.push(Impl { module: at.module, type_path: type_path.clone(), functions });
        }
        self.block(node, At { self_type: type_path.as_deref(), has_names: false, ..at });
    }
}

impl Module {
    fn new(source: usize, path: Vec<String>, parent: Option<ModuleId>, owns_file: bool) -> Module {
        let (names, globs, references) = (BTreeMap::new(), Vec::new(), Vec::new());
        Module { path, parent, source, owns_file, names, globs, references }
    }
}

/// Returns true for `#[test]` and for a `cfg` that needs a test build.
fn is_for_tests(attribute: &str) -> bool {
    let words: Vec<&str> = attribute
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .collect();
    match words.as_slice() {
        ["test"] => true,
        ["cfg", rest @ ..] => rest.contains(&"test") && !rest.contains(&"not") && !rest.contains(&"any"),
        _ => false,
    }
}
