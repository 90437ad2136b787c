//! A host in C (`tests/c/bridge.c`), compiled with the header and linked with the library; also under valgrind.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::host::{cache, engine};

/// The exit code of valgrind if it finds errors.
const ERRORS: i32 = 99;

struct Program {
    path: PathBuf,
    folder: tempfile::TempDir,
}

/// Builds the program against the library beside the tests.
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
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", output.status);
}

#[test]
fn host_in_c_passes() {
    drop(engine());
    run(Command::new(build().path).arg(json!({"cache": cache()}).to_string()));
}

/// Needs valgrind. `cargo xtask test native` runs it.
#[test]
fn host_in_c_passes_under_valgrind() {
    let program = build();
    let options = compiled(&program);
    let mut valgrind = Command::new("valgrind");
    // In a forked child, memory of the parent's threads counts as lost.
    valgrind.arg("--child-silent-after-fork=yes");
    // Tables and threads that stay until the end are reachable, some only by an inner pointer.
    let definite = ["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];
    valgrind.args(["--quiet", "--leak-check=full"]).args(definite);
    valgrind.arg(format!("--error-exitcode={ERRORS}"));
    run(valgrind.arg(&program.path).arg(options));
}

/// Needs a library for musl without the compiler, musl's loader and Zig. `cargo xtask test native` runs it.
#[test]
fn library_without_compiler_runs_compiled_code_on_musl() {
    let required = |name| std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set"));
    let mut zig = Command::new(required("HOOKWRIGHT_ZIG"));
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
    let program = build_with(zig, Path::new(&required("HOOKWRIGHT_MUSL")));
    let start = || {
        let mut command = Command::new(&program.path);
        // Cargo sets it to the folder of the other library.
        command.env_remove("LD_LIBRARY_PATH");
        command
    };
    run(start().arg(compiled(&with_compiler)));
    // Without compiled code, the error names the missing compiler.
    for (flag, options, part) in [
        (None, "{}", "is missing: this library was built without the compiler"),
        (Some("--compile"), r#"{"to": "/nowhere/x"}"#, "this library was built without the compiler"),
    ] {
        let output = start().args(flag).arg(options).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains(part), "{}: {errors}", output.status);
    }
}
