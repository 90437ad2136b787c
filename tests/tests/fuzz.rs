//! Every fuzz target over its corpus and a few seeds, with overflow checks on. `cargo xtask test fuzz` runs many more.

use hookwright_tests::fuzz::{TARGETS, runner, target};

const SEEDS: u64 = 1_000;

/// One test for all: who runs at the moment is known to one watch.
#[test]
fn every_target_passes_its_corpus_and_its_seeds() {
    for target in &TARGETS {
        let corpus = runner::corpus(target).unwrap();
        let known = runner::run_corpus(target, &corpus).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(known.taken > 0, "{}: no input of the corpus gets past the door", target.name);
        let seeds = 1..=runner::seeds_of(target, SEEDS);
        let ran = runner::run_seeds(target, &corpus, seeds, None).unwrap_or_else(|failure| panic!("{failure}"));
        println!("{}: {known:?} {ran:?}", target.name);
        assert!(ran.taken * 50 > ran.count, "{}: only {} of {} got past the door", target.name, ran.taken, ran.count);
    }
}

#[test]
fn every_corpus_folder_and_wrapper_belongs_to_a_target() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(root.join("data/fuzz")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(target(&name).is_some(), "tests/data/fuzz/{name} is nobody's");
    }
    let manifest = std::fs::read_to_string(root.join("../fuzz/Cargo.toml")).unwrap();
    for target in &TARGETS {
        let wrapper = std::fs::read_to_string(root.join(format!("../fuzz/targets/{}.rs", target.name))).unwrap();
        assert!(wrapper.contains(&format!("\"{}\"", target.name)), "fuzz/targets/{}.rs runs another", target.name);
        assert!(manifest.contains(&format!("targets/{}.rs", target.name)), "fuzz/Cargo.toml lacks {}", target.name);
    }
}

/// A failure is found, made smaller, and shown so that it can be kept.
#[test]
fn a_failure_is_made_small_and_can_be_kept() {
    let strict = target("json").unwrap();
    let strict = hookwright_tests::fuzz::Target {
        run: |input| {
            assert!(!input.contains(&0xe9), "the byte 0xe9 in {} bytes", input.len());
            true
        },
        ..*strict
    };
    let input = [&b"[1,2,3,\"caf"[..], &[0xe9], b"\"]"].concat();
    let failure = runner::run_corpus(&strict, &[("latin-1".to_owned(), input)]).unwrap_err();
    assert_eq!((failure.target, failure.origin.as_str(), failure.input.as_slice()), ("json", "latin-1", &[0xe9][..]));
    assert!(failure.panic.contains("the byte 0xe9 in"), "{}", failure.panic);
    let shown = failure.to_string();
    assert!(shown.ends_with("to keep it: printf '\\351' > tests/data/fuzz/json/NAME"), "{shown}");
}
