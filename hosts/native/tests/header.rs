//! The header declares the functions of the library, with the same types in the same order. The README names every option.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::host::{FAILED, MISUSED, OK, REFUSED, TRAPPED, config, create, engine, open};

const README: &str = include_str!("../README.md");
const HEADER: &str = include_str!("../include/hookwright.h");
const SOURCE: &str = include_str!("../src/interface.rs");

/// Returns the C type of a parameter. C has names of its own for handles, so the name of the parameter decides, too.
fn c_type(name: &str, rust: &str) -> String {
    let plain = match (name, rust) {
        ("engine", "u64") => "hw_engine",
        ("instance", "u64") => "hw_instance",
        ("reply", "u64") => "hw_reply",
        ("engine", "*mut u64") => "hw_engine *",
        ("instance", "*mut u64") => "hw_instance *",
        (_, "usize") => "size_t",
        (_, "i32") => "int32_t",
        (_, "u32") => "uint32_t",
        (_, "*const c_char") => "const char *",
        (_, "*const u8") => "const uint8_t *",
        (_, "*mut c_void") => "void *",
        (_, "*mut HwAnswer") => "hw_answer *",
        (_, "*const HwHost") => "const hw_host *",
        other => panic!("the header has no type for {other:?}"),
    };
    plain.to_owned()
}

/// Returns the prototypes of the source, one on each line.
fn prototypes() -> String {
    let mut lines = String::new();
    for (_, rest) in
        SOURCE.match_indices("extern \"C\" fn hw_").map(|(at, found)| (at, &SOURCE[at + found.len() - 3..]))
    {
        let (name, rest) = rest.split_once('(').unwrap();
        let (parameters, rest) = rest.split_once(')').unwrap();
        let result = rest.split_once("-> ").unwrap().1.split_once(' ').unwrap().0;
        let parameters: Vec<String> = parameters
            .split(',')
            .map(str::trim)
            .filter(|parameter| !parameter.is_empty())
            .map(|parameter| {
                let (name, rust) = parameter.split_once(": ").unwrap();
                let ty = c_type(name, rust);
                if ty.ends_with('*') { format!("{ty}{name}") } else { format!("{ty} {name}") }
            })
            .collect();
        let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
        writeln!(lines, "{} {name}({parameters});", c_type("", result)).unwrap();
    }
    lines
}

#[test]
fn header_declares_the_functions_of_the_library() {
    let lines: Vec<&str> = HEADER.lines().collect();
    let mut declared = String::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" hw_") && line.contains('(')) {
        if line.starts_with("int32_t") || line.starts_with("uint32_t") {
            let end = lines[index..].iter().position(|line| line.ends_with(");")).unwrap();
            let whole: Vec<&str> = lines[index..=index + end].iter().map(|line| line.trim()).collect();
            writeln!(declared, "{}", whole.join(" ")).unwrap();
        }
    }
    assert_eq!(declared, prototypes());
    assert!(declared.lines().count() > 10);
}

#[test]
fn header_defines_the_numbers_of_the_library() {
    let abi = i32::try_from(hookwright_native::HW_ABI).unwrap();
    let numbers = [
        ("ABI", abi),
        ("OK", OK),
        ("REFUSED", REFUSED),
        ("TRAPPED", TRAPPED),
        ("MISUSED", MISUSED),
        ("FAILED", FAILED),
    ];
    for (name, number) in numbers {
        let define = format!("#define HW_{name} {number}");
        assert!(HEADER.lines().any(|line| line.split("/*").next().unwrap().trim_end() == define), "{define}");
    }
}

#[test]
fn readme_names_every_option() {
    let check = |value: &Value, member: &str, before: &str| {
        let names = value[member].as_str().unwrap().rsplit_once(before).unwrap().1;
        for name in names.split(", ") {
            assert!(README.contains(&format!("`{name}`")), "{name}");
        }
    };
    let unknown = json!({"unknown": 1});
    check(&open(&unknown).1.1, "hint", "known options: ");
    let engine = engine();
    let refused = |options: &Value| create(&engine, options, Box::new(|request| panic!("{request}"))).1.1;
    check(&refused(&unknown), "hint", "known options: ");
    let mut config = config();
    config["unknown"] = json!(1);
    check(&refused(&json!({"config": config})), "message", "the members: ");
}
