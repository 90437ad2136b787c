//! Runs a target by its name. The targets are in `hookwright_tests::fuzz`.

/// Runs the target.
pub fn run(name: &str, input: &[u8]) {
    let target = hookwright_tests::fuzz::target(name).expect("a target of this name");
    (target.run)(input);
}
