//! The demonstration, as a newcomer runs it. It checks itself; this checks that it ran to its end and said so.
#![cfg(test)]

use std::process::Command;

#[test]
fn the_demo_holds_what_it_promises() {
    let output = Command::new(env!("CARGO_BIN_EXE_hookwright")).arg("demo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let rows = |wanted: &[&str]| text.lines().filter(|line| wanted.iter().all(|cell| line.contains(cell))).count();
    assert_eq!(rows(&["200, delivered", "verified"]), 10, "{text}");
    assert!(rows(&["helpdesk", "connect failed, retrying", "(not sent)"]) >= 4, "{text}");
    assert_eq!(rows(&["purchasing", "503, retrying", "verified"]), 1, "{text}");
    assert!(text.contains("All came true: 10 deliveries"), "{text}");
}
