//! Paths in a crate's code, found in its tokens: a macro's arguments have no other syntax.

/// A token and its place.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    pub text: &'a str,
    pub kind: &'a str,
    pub line: usize,
    pub module: usize,
    /// The type that `Self` stands for here.
    pub self_type: Option<Vec<String>>,
}

/// A path that is written in a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub path: Vec<String>,
    pub line: usize,
    pub self_type: Option<Vec<String>>,
    pub form: Form,
}

/// The form in which a path is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Import,
    Reexport,
    Call,
    Macro,
    Other,
}

impl Reference {
    /// A path outside of a type's functions.
    pub fn new(path: Vec<String>, line: usize, form: Form) -> Reference {
        Reference { path, line, self_type: None, form }
    }
}

/// Returns the paths in the tokens, with the modules in which they stand.
pub fn references(tokens: &[Token<'_>]) -> Vec<(usize, Reference)> {
    let mut references = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before)).map_or("", |token| token.text);
        index += 1;
        if !is_name(token) || matches!(before, "." | "::" | "fn") {
            continue;
        }
        let mut path = vec![token.text.to_owned()];
        let text_at = |index: usize| tokens.get(index).map_or("", |token| token.text);
        // A method of the type itself may stand in another file.
        if token.text == "self" && text_at(index) == "." && text_at(index + 2) == "(" {
            path = vec!["Self".to_owned(), text_at(index + 1).to_owned()];
        }
        while let (Some(colons), Some(next)) = (tokens.get(index), tokens.get(index + 1)) {
            if colons.text != "::" || !is_name(next) {
                break;
            }
            path.push(next.text.to_owned());
            index += 2;
        }
        let form = match (text_at(index), text_at(index + 1)) {
            ("(", _) => Form::Call,
            ("!", after) if after != "=" => Form::Macro,
            _ => Form::Other,
        };
        let self_type = token.self_type.clone();
        references.push((token.module, Reference { path, line: token.line, self_type, form }));
    }
    references
}

/// Returns the names of a path that is written as a text; `None` if the text is something else.
pub fn path(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text.split("::").map(|name| name.trim().to_owned()).collect();
    let is_word =
        |name: &String| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    names.iter().all(is_word).then_some(names)
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, "identifier" | "type_identifier" | "crate" | "self" | "super") || token.text == "$crate"
}
