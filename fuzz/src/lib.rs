//! Runs a target by its name. What each does is in `hookwright_tests::fuzz`.

/// Runs the target.
pub fn run(name: &str, input: &[u8]) {
    let target = hookwright_tests::fuzz::target(name).expect("a target of this name");
    (target.run)(input);
}
