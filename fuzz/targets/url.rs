//! `cargo +nightly fuzz run url`: the target of that name, driven by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hookwright_fuzz::run("url", input));
