//! The demonstration, as a newcomer runs it. It checks its outcome itself; this test checks that it reports success.
#![cfg(test)]

use std::process::Command;

#[test]
fn demo_reports_the_expected_outcome() {
    let output = Command::new(env!("CARGO_BIN_EXE_hookwright")).arg("demo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let rows = |wanted: &[&str]| text.lines().filter(|line| wanted.iter().all(|cell| line.contains(cell))).count();
    assert_eq!(rows(&["200, delivered", "verified"]), 10, "{text}");
    assert!(rows(&["helpdesk", "connect failed, retrying", "(not sent)"]) >= 4, "{text}");
    assert_eq!(rows(&["purchasing", "503, retrying", "verified"]), 1, "{text}");
    assert!(text.contains("As expected: 10 deliveries"), "{text}");
}
