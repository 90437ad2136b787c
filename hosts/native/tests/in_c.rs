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

/// Builds it against the library that cargo has put beside the tests.
fn build() -> Program {
    let tests = std::env::current_exe().unwrap();
    let cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    build_with(cc, tests.parent().unwrap())
}

fn build_with(mut cc: Command, libraries: &Path) -> Program {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge");
    cc.args(["-std=c99", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-I"]);
    cc.arg(here.join("include")).arg(here.join("tests/c/bridge.c")).arg("-o").arg(&path);
    cc.arg("-L").arg(libraries).args(["-lhookwright_native", "-pthread"]);
    cc.arg(format!("-Wl,-rpath,{}", libraries.display()));
    let status = cc.status().unwrap();
    assert!(status.success(), "{cc:?}");
    Program { path, folder }
}

fn compiled(program: &Program) -> String {
    let compiled = program.folder.path().join("hookwright.compiled");
    run(Command::new(&program.path).arg("--compile").arg(json!({"to": compiled}).to_string()));
    json!({"compiled": compiled}).to_string()
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
    let options = compiled(&program);
    let mut valgrind = Command::new("valgrind");
    // A fork's child has lost what the parent's threads had, so it is not asked.
    valgrind.arg("--child-silent-after-fork=yes");
    // What is only reachable, or by an address into its middle, are tables and threads that stay until the end.
    let definite = ["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];
    valgrind.args(["--quiet", "--leak-check=full"]).args(definite);
    valgrind.arg(format!("--error-exitcode={ERRORS}"));
    run(valgrind.arg(&program.path).arg(options));
}

/// `cargo xtask test native` runs it; it takes a library for musl without the compiler, musl's loader, and Zig.
#[test]
fn shipped_code_is_all_that_a_library_without_the_compiler_needs_on_musl() {
    let told = |name| std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set"));
    let mut zig = Command::new(told("HOOKWRIGHT_ZIG"));
    zig.args([
        "-m",
        "ziglang",
        "cc",
        "-dynamic",
        "-fno-sanitize=undefined",
        "-target",
        &format!("{}-linux-musl", std::env::consts::ARCH),
    ]);
    let with_compiler = build();
    let program = build_with(zig, Path::new(&told("HOOKWRIGHT_MUSL")));
    let start = || {
        let mut command = Command::new(&program.path);
        // Cargo names the folder of the other library there.
        command.env_remove("LD_LIBRARY_PATH");
        command
    };
    run(start().arg(compiled(&with_compiler)));
    // It says what it lacks.
    for (flag, options, part) in [
        (None, "{}", "is missing: this library was built without the compiler"),
        (Some("--compile"), r#"{"to": "/nowhere/x"}"#, "this library was built without the compiler"),
    ] {
        let output = start().args(flag).arg(options).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(part), "{}: {said}", output.status);
    }
}
