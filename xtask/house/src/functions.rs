//! The length of functions and the number of their parameters.
//!
//! Lines are counted from the function's first to its closing brace. Functions that a trait dictates keep the trait's
//! parameters. A PHP constructor that only declares properties is a list of fields, and may have any number.

use crate::finding::{Finding, Rule};
use crate::syntax::{Language, Source, children, line, visit};
use tree_sitter::Node;

const LINES_MAX: usize = 70;
const PARAMETERS_MAX: usize = 6;

/// Finds the functions of the sources that are over a bound.
pub fn check<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        visit(source.root(), &mut |node| {
            if is_function(node, source.language) {
                findings.extend(texts(source, node).into_iter().map(|text| Finding {
                    file: source.path.clone(),
                    line: line(node),
                    rule: Rule::Function,
                    text,
                }));
            }
            true
        });
    }
    findings
}

fn texts(source: &Source, node: Node<'_>) -> Vec<String> {
    let name = name(source, node);
    let mut texts = Vec::new();
    let lines = node.end_position().row - node.start_position().row + 1;
    if lines > LINES_MAX {
        texts.push(format!("{name} has {lines} lines; split it into steps of at most {LINES_MAX}"));
    }
    let parameters = parameters(node);
    if parameters > PARAMETERS_MAX && !is_dictated(node) && !is_list_of_fields(node) {
        texts.push(format!("{name} has {parameters} parameters; pass a struct, or at most {PARAMETERS_MAX}"));
    }
    texts
}

fn is_function(node: Node<'_>, language: Language) -> bool {
    match language {
        Language::Rust => matches!(node.kind(), "function_item" | "function_signature_item"),
        Language::JavaScript => matches!(
            node.kind(),
            "function_declaration"
                | "function_expression"
                | "generator_function"
                | "generator_function_declaration"
                | "arrow_function"
                | "method_definition"
        ),
        Language::Php => {
            matches!(
                node.kind(),
                "function_definition" | "method_declaration" | "anonymous_function" | "arrow_function"
            )
        }
    }
}

/// Returns the number of parameters, the method's own value included where the language lists it.
fn parameters(node: Node<'_>) -> usize {
    let Some(list) = node.child_by_field_name("parameters") else { return 0 };
    children(list)
        .into_iter()
        .filter(|child| child.is_named() && !child.kind().ends_with("comment") && child.kind() != "attribute_item")
        .count()
}

/// Returns true in a block that implements a trait.
fn is_dictated(node: Node<'_>) -> bool {
    let block = node.parent().and_then(|list| list.parent());
    block.is_some_and(|block| block.kind() == "impl_item" && block.child_by_field_name("trait").is_some())
}

fn is_list_of_fields(node: Node<'_>) -> bool {
    let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
    let mut named = parameters.into_iter().filter(|child| child.is_named() && child.kind() != "comment");
    named.all(|parameter| parameter.kind() == "property_promotion_parameter")
}

fn name(source: &Source, node: Node<'_>) -> String {
    let named = node.child_by_field_name("name").or_else(|| {
        let parent = node.parent()?;
        parent.child_by_field_name("name").or_else(|| parent.child_by_field_name("key"))
    });
    named.map_or_else(|| "a function without a name".to_owned(), |name| format!("`{}`", source.text_of(name)))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::syntax::{Language, Source};

    #[test]
    fn functions_over_a_bound_are_found() {
        let body = |lines: usize| "\n".repeat(lines - 1);
        let six = "a: A, b: A, c: A, d: A, e: A, f: A";
        let rows: &[(&str, Language, String, &[&str])] = &[
            ("70 lines", Language::Rust, format!("fn f() {{{}}}", body(70)), &[]),
            ("71 lines", Language::Rust, format!("\npub fn f() {{{}}}", body(71)), &["2: `f` has 71 lines"]),
            ("71 lines in a block", Language::Rust, format!("impl T {{ fn f() {{{}}} }}", body(71)), &["1: `f` has 71 lines"]),
            ("six parameters", Language::Rust, format!("fn f({six}) {{}}"), &[]),
            ("seven parameters", Language::Rust, format!("impl T {{ fn f(&self, {six}) {{}} }}"), &["1: `f` has 7 parameters"]),
            ("seven parameters of a trait", Language::Rust, format!("impl R for T {{ fn f(&self, {six}) {{}} }}"), &[]),
            ("a trait with seven", Language::Rust, format!("trait R {{ fn f(&self, {six}); }}"), &["1: `f` has 7 parameters"]),
            ("an arrow", Language::JavaScript, format!("const f = () => {{{}}};", body(71)), &["1: `f` has 71 lines"]),
            ("a method", Language::JavaScript, "class A { f(a, b, c, d, e, f, g = 1) {} }".to_owned(), &["1: `f` has 7 parameters"]),
            ("a function", Language::Php, "<?php function f($a, $b, $c, $d, $e, $f, $g) {}".to_owned(), &["1: `f` has 7 parameters"]),
            ("a method", Language::Php, format!("<?php class A {{ function f() {{{}}} }}", body(71)), &["1: `f` has 71 lines"]),
            (
                "a list of fields",
                Language::Php,
                "<?php class A { function __construct(public $a, public $b, public $c, public $d, public $e, public $f, public $g) {} }".to_owned(),
                &[],
            ),
        ];
        for (name, language, text, expected) in rows {
            let source = Source::parse("a", text.clone(), *language).unwrap();
            let found: Vec<String> =
                check([&source].into_iter()).iter().map(|found| format!("{}: {}", found.line, found.text)).collect();
            assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
            for (found, expected) in found.iter().zip(*expected) {
                assert!(found.starts_with(expected), "{name}: {found}");
            }
        }
    }
}
