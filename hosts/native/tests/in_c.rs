//! A host in C (`tests/c/bridge.c`), built with the header and linked with the library as anybody would; and under valgrind.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::host::{cache, engine};

/// What valgrind says with its exit code alone.
const ERRORS: i32 = 99;

struct Program {
    path: PathBuf,
    folder: tempfile::TempDir,
}

fn build() -> Program {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge");
    // Cargo puts the library beside the tests.
    let tests = std::env::current_exe().unwrap();
    let libraries = tests.parent().unwrap();
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.args(["-std=c99", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-I"]);
    cc.arg(here.join("include")).arg(here.join("tests/c/bridge.c")).arg("-o").arg(&path);
    cc.arg("-L").arg(libraries).args(["-lhookwright_native", "-pthread", "-Wl,-rpath"]).arg(libraries);
    let status = cc.status().unwrap();
    assert!(status.success(), "{cc:?}");
    Program { path, folder }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
}

#[test]
fn a_host_in_c_finds_all_as_the_header_says() {
    drop(engine());
    run(Command::new(build().path).arg(json!({"cache": cache()}).to_string()));
}

/// `cargo xtask test native` runs it; it takes valgrind.
#[test]
fn valgrind_has_nothing_to_say_of_a_host_in_c() {
    let program = build();
    let compiled = program.folder.path().join("hookwright.compiled");
    run(Command::new(&program.path).arg("--compile").arg(json!({"to": compiled}).to_string()));
    let mut valgrind = Command::new("valgrind");
    // A fork's child has lost what the parent's threads had, so it is not asked.
    valgrind.arg("--child-silent-after-fork=yes");
    // What is only reachable, or by an address into its middle, are tables and threads that stay until the end.
    let definite = ["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];
    valgrind.args(["--quiet", "--leak-check=full"]).args(definite);
    valgrind.arg(format!("--error-exitcode={ERRORS}"));
    run(valgrind.arg(&program.path).arg(json!({"compiled": compiled}).to_string()));
}
