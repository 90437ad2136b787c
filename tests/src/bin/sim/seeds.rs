//! Runs ranges of seeds and the pinned seeds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hookwright_tests::sim::{self, Coverage, PINNED, Params, Run, Sabotage};

use crate::options::Options;

/// Runs a range of seeds. Returns true if all pass and prove something.
pub fn simulate(options: &Options) -> bool {
    let count = options.count.unwrap_or(1);
    let began = Instant::now();
    let Found { runs, failures, coverage, first, hash } = on_all_cores(options, options.seed, count, None);
    let seconds = began.elapsed().as_secs_f64();
    if options.keep_going && failures > 0 {
        println!("{failures} of {runs} seeds from {} failed in {seconds:.1} s", options.seed);
        return false;
    }
    if let Some(run) = first {
        report(&run);
        return false;
    }
    if count == 1 {
        println!("seed {}: {:?}", options.seed, Params::draw(options.seed));
    }
    println!("{runs} seeds from {} passed in {seconds:.1} s ({:.0} a second)", options.seed, runs as f64 / seconds);
    println!("hash of all seeds {hash:016x}");
    print!("{}", coverage.table());
    let missing = coverage.missing();
    if !missing.is_empty() {
        println!("  never: {}", missing.join(", "));
    }
    if !coverage.proves(count) {
        println!("This run proves nothing: no event was accepted, or no fault injected. Run more seeds.");
        return false;
    }
    true
}

/// Seeds that once failed do not fail any more.
pub fn pinned(options: &Options) -> bool {
    for (seed, why) in PINNED {
        let run = sim::run(*seed, None, options.trace);
        if run.failure.is_some() {
            println!("once found: {why}");
            report(&run);
            return false;
        }
    }
    println!("{} pinned seeds passed", PINNED.len());
    !PINNED.is_empty()
}

fn report(run: &Run) {
    run.trace.iter().for_each(|line| println!("{line}"));
    println!("seed {}: {:?}", run.seed, run.params);
    print!("{}", run.coverage.table());
    println!("hash {:016x}", run.hash);
    if let Some(failure) = &run.failure {
        println!("FAILED: {}: {}", failure.checker, failure.detail);
    }
    again(run.seed);
}

fn again(seed: u64) {
    println!("again: cargo xtask sim --seed {seed} --count 1");
}

/// The result of a range of seeds.
#[derive(Default)]
pub struct Found {
    /// Number of seeds run.
    pub runs: u64,
    /// Number of seeds that failed.
    pub failures: u64,
    /// Counts of all seeds.
    pub coverage: Coverage,
    /// The lowest seed that failed.
    pub first: Option<Run>,
    /// The sum of the seeds' hashes. Two builds with the same sum made the same histories.
    pub hash: u64,
}

/// Runs seeds until one fails, or all of them.
pub fn on_all_cores(options: &Options, seed: u64, count: u64, sabotage: Option<Sabotage>) -> Found {
    let trace = options.trace;
    let next = AtomicU64::new(seed);
    let end = AtomicU64::new(seed.saturating_add(count));
    let found = Mutex::new(Found::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end.load(Ordering::Relaxed) {
                        break;
                    }
                    let run = sim::run(seed, sabotage, trace);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.runs += 1;
                    found.hash = found.hash.wrapping_add(run.hash);
                    found.coverage.merge(&run.coverage);
                    if let Some(failure) = &run.failure {
                        found.failures += 1;
                        if options.keep_going {
                            println!("FAILED: {}: {}", failure.checker, failure.detail);
                            again(seed);
                        } else {
                            end.fetch_min(seed, Ordering::Relaxed);
                        }
                        if found.first.as_ref().is_none_or(|before| before.seed > seed) {
                            found.first = Some(run);
                        }
                    } else if trace && count == 1 {
                        run.trace.iter().for_each(|line| println!("{line}"));
                        println!("hash {:016x}", run.hash);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}
