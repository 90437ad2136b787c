//! `cargo +nightly fuzz run stored`: the target of that name, driven by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hookwright_fuzz::run("stored", input));
