//! The modules of a Rust crate and which of them use which.
//!
//! A use is a path in code or in a macro's arguments, followed through imports and re-exports to the file that defines the
//! item; it counts at the place where it stands. Importing a module is no use, a path through it is. A re-export of an item
//! from below the module is none either; one from elsewhere is. Code that only tests compile is passed over.
//!
//! Not seen: methods called on a value (their type's file is used by its name somewhere), and names that a macro makes.

mod tokens;

mod imports;

mod read;

mod names;

use crate::graph::Edge;
use crate::syntax::Source;
use read::Crate;
use std::collections::BTreeSet;
use tokens::Form;

/// Reads the crates whose roots are in the folder, `lib.rs`, `main.rs` and `bin/*.rs`, and returns each one's uses.
pub fn edges(sources: &[Source], folder: &str) -> Vec<Vec<Edge>> {
    let is_root = |path: &str| match path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')) {
        Some("lib.rs" | "main.rs") => true,
        Some(path) => path.strip_prefix("bin/").is_some_and(|name| !name.contains('/')),
        None => false,
    };
    let roots = sources.iter().enumerate().filter(|(_, source)| is_root(&source.path));
    roots.map(|(root, _)| edges_of(&Crate::read(sources, root), sources)).collect()
}

fn edges_of(tree: &Crate, sources: &[Source]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut seen = BTreeSet::new();
    for (from, module) in tree.modules.iter().enumerate() {
        for reference in &module.references {
            for target in tree.items(from, reference) {
                if reference.form == Form::Reexport && tree.is_below(target.module, from) {
                    continue;
                }
                let owner = tree.file_owner(target.module);
                if tree.file_owner(from) != owner && seen.insert((from, owner, reference.line)) {
                    edges.push(Edge {
                        from: tree.modules[tree.file_owner(from)].path.clone(),
                        to: tree.modules[owner].path.clone(),
                        file: sources[module.source].path.clone(),
                        line: reference.line,
                        name: reference.path.join("::"),
                    });
                }
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::edges;
    use crate::syntax::{Language, Source};

    /// Checks the edges of a crate given as files below `src`.
    fn check(name: &str, files: &[(&str, &str)], expected: &[&str]) {
        let parse = |(path, text): &(&str, &str)| {
            Source::parse(&format!("c/src/{path}"), (*text).to_owned(), Language::Rust).unwrap()
        };
        let sources: Vec<Source> = files.iter().map(parse).collect();
        let shown: Vec<String> = edges(&sources, "c/src")
            .into_iter()
            .flatten()
            .map(|edge| format!("{}>{}:{}", edge.from.join("/"), edge.to.join("/"), edge.line))
            .collect();
        assert_eq!(shown, expected, "{name}");
    }

    #[test]
    fn uses_are_followed_to_the_file_that_defines_the_item() {
        let lib = ("lib.rs", "mod a; mod b;");
        let item = ("b.rs", "pub fn f() {} pub struct T; impl T { pub fn new() {} }");
        check("an import", &[lib, ("a.rs", "use crate::b::f;"), item], &["a>b:1"]);
        check("a path", &[lib, ("a.rs", "fn g() {\n crate::b::f() }"), item], &["a>b:2"]);
        check("a path from the parent", &[lib, ("a.rs", "fn g() { super::b::f() }"), item], &["a>b:1"]);
        check("a group", &[lib, ("a.rs", "use crate::{\n b::{self, f as g}};"), item], &["a>b:2"]);
        check("a module that is not used", &[lib, ("a.rs", "use crate::b;"), item], &[]);
        check("a path through a module", &[lib, ("a.rs", "use crate::b as c;\nfn g() { c::f() }"), item], &["a>b:2"]);
        check("a type's function", &[lib, ("a.rs", "fn g() { crate::b::T::new() }"), item], &["a>b:1"]);
        check("a name through a glob", &[lib, ("a.rs", "use crate::b::*;\nfn g() { f() }"), item], &["a>b:2"]);
        check("a macro's arguments", &[lib, ("a.rs", "fn g() { assert!(crate::b::f()) }"), item], &["a>b:1"]);
        check("an attribute's path", &[lib, ("a.rs", "#[serde(with = \"crate::b::f\")] struct S;"), item], &["a>b:1"]);
        check("another crate", &[lib, ("a.rs", "use std::b::f; fn g(x: X) { x.f() }"), item], &[]);
        check(
            "a macro",
            &[("lib.rs", "#[macro_use] mod b; mod a;"), ("a.rs", "m!();"), ("b.rs", "macro_rules! m { () => {} }")],
            &["a>b:1"],
        );
    }

    #[test]
    fn reexports_are_followed_and_do_not_count_as_uses() {
        let files = |a| {
            [
                ("lib.rs", "mod a; mod b; pub use b::f;"),
                ("a.rs", a),
                ("b.rs", "mod c; pub use c::f;"),
                ("b/c.rs", "pub fn f() {}"),
            ]
        };
        check("through a parent", &files("use crate::b::f;"), &["a>b/c:1"]);
        check("through the root", &files("fn g() { crate::f() }"), &["a>b/c:1"]);
        check("from elsewhere", &files("pub use crate::b::f;"), &["a>b/c:1"]);
    }

    #[test]
    fn module_and_function_of_one_name_are_told_apart() {
        let files = |a| {
            [
                ("lib.rs", "mod a; mod b; mod c; pub use c::b;"),
                ("a.rs", a),
                ("b.rs", "pub fn f() {}"),
                ("c.rs", "pub fn b() {}"),
            ]
        };
        check("the module", &files("use crate::b;\nfn g() { b::f() }"), &["a>b:2"]);
        check("the function", &files("use crate::b;\nfn g() { b() }"), &["a>c:2"]);
        check("a variable", &files("use crate::b;\nfn g(b: u8) { b }"), &[]);
    }

    #[test]
    fn children_and_parents_are_told_apart() {
        let child = "pub fn f() { super::g() } impl super::T { pub fn new() {} }";
        let parent = "mod c; pub struct T; pub fn g() { c::f(); T::new() }";
        let files = [("lib.rs", "mod b;"), ("b/mod.rs", parent), ("b/c.rs", child)];
        check("a parent and its child", &files, &["b>b/c:1", "b/c>b:1"]);
        let parent = "mod c; pub struct T; impl T { pub fn g(&self) {\n self.new() } }";
        let files = [("lib.rs", "mod b;"), ("b/mod.rs", parent), ("b/c.rs", child)];
        check("a method in another file", &files, &["b>b/c:2", "b/c>b:1"]);
    }

    #[test]
    fn code_for_tests_is_passed_over() {
        let b = ("b.rs", "pub fn f() {}");
        let a = "#[cfg(test)]\nmod tests { use crate::b::f; }\n#[test] fn t() { crate::b::f() }";
        check("in the file", &[("lib.rs", "mod a; mod b;"), ("a.rs", a), b], &[]);
        check("a file of its own", &[("lib.rs", "#[cfg(test)] mod a; mod b;"), ("a.rs", "use crate::b::f;"), b], &[]);
        let a = "#[cfg(not(test))]\nuse crate::b::f;";
        check("what tests do not compile", &[("lib.rs", "mod a; mod b;"), ("a.rs", a), b], &["a>b:2"]);
    }
}
