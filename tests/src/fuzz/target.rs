//! A fuzz target.

/// A function for one kind of input from outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The target's name, which is also its folder's in `tests/data/fuzz`.
    pub name: &'static str,
    /// Takes an input, and panics if a property is broken. Returns true if the input was accepted, so that a run without
    /// such inputs can be noticed.
    pub run: fn(&[u8]) -> bool,
    /// Words that mutations insert.
    pub words: &'static [&'static str],
    /// Number of inputs in a round. Targets with cheaper inputs have more.
    pub share: u64,
}
