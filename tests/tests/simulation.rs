//! The simulator in the ordinary test run: some hundred seeds, and every sabotage caught. `cargo xtask test simulation` runs
//! thousands, in release.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hookwright_tests::sim::{self, Count, Coverage, Run, Sabotage};

const SEEDS: u64 = 300;

/// Panics inside the engine are failures of a seed and not worth a backtrace each.
fn quietly() {
    static QUIET: OnceLock<()> = OnceLock::new();
    QUIET.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let in_simulation = std::thread::current().name().is_some_and(|name| name.starts_with("seeds"));
            if !in_simulation {
                before(info);
            }
        }));
    });
}

/// Runs seeds on two threads up to the first that fails, in the order of their numbers.
fn first_failure(seeds: u64, sabotage: Option<Sabotage>) -> (Coverage, Option<Run>) {
    quietly();
    let next = AtomicU64::new(1);
    let end = AtomicU64::new(seeds + 1);
    let work = || {
        let (mut coverage, mut failed) = (Coverage::default(), None);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end.load(Ordering::Relaxed) {
                return (coverage, failed);
            }
            let run = sim::run(seed, sabotage, false);
            coverage.merge(&run.coverage);
            if run.failure.is_some() {
                end.fetch_min(seed, Ordering::Relaxed);
                failed = Some(run);
            }
        }
    };
    std::thread::scope(|scope| {
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work).unwrap();
        let threads = [thread("seeds 1"), thread("seeds 2")];
        let mut all = (Coverage::default(), None::<Run>);
        for thread in threads {
            let (coverage, failed) = thread.join().unwrap();
            all.0.merge(&coverage);
            let earlier = |run: &Run| all.1.as_ref().is_none_or(|before| run.seed < before.seed);
            if failed.as_ref().is_some_and(earlier) {
                all.1 = failed;
            }
        }
        all
    })
}

#[test]
fn seeds_pass_and_cover_the_faults() {
    let (coverage, failed) = first_failure(SEEDS, None);
    if let Some(run) = failed {
        panic!("{:?}\nagain: cargo xtask sim --seed {} --count 1", run.failure, run.seed);
    }
    use Count::*;
    let wanted = [Events, Delivered, Exhausted, Skipped, Cancelled, Retries, Duplicates, LostLeases, Crashes, Stalls];
    let faults = [
        ReadFailures,
        NotApplied,
        UnknownApplied,
        UnknownDropped,
        UnknownLate,
        Landed,
        RolledBack,
        ClockJumps,
        Restores,
    ];
    let judged = [Waits, Reads, Strangers];
    let redeliveries = [Redeliveries, AskedAgain, BroughtForward, AskedFirst];
    let jobs = [JobAsks, JobsDone, JobsEnded, Purged];
    for count in wanted.into_iter().chain(faults).chain(redeliveries).chain(jobs).chain(judged) {
        assert!(coverage.of(count) > 0, "{count:?} never happened:\n{}", coverage.table());
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    for seed in [3, 17, 40] {
        let (one, two) = (sim::run(seed, None, true), sim::run(seed, None, false));
        assert_eq!(one.hash, two.hash, "seed {seed}");
        assert_eq!(one.coverage.table(), two.coverage.table(), "seed {seed}");
        assert!(!one.trace.is_empty() && two.trace.is_empty());
    }
}

#[test]
fn a_run_that_proves_nothing_is_told_from_one_that_does() {
    assert_eq!(Coverage::default().faults(), 0);
    let run = sim::run(1, None, false);
    assert!(run.coverage.of(Count::Events) > 0, "{}", run.coverage.table());
}
