//! Runs sabotages, each of which must be noticed by a checker that it names.

use hookwright_tests::sim::points;
use hookwright_tests::sim::{Failure, Outcome, Sabotage};

use crate::options::Options;
use crate::seeds::{Found, on_all_cores};

/// Number of seeds within which a sabotage must be caught.
const SABOTAGE_SEEDS: u64 = 1_000;

/// Number of seeds within which a sabotage that matters rarely must be caught.
const RARE_SABOTAGE_SEEDS: u64 = 5_000;

/// A sabotage that only a crash brings to light.
pub fn sabotage_at_crash_points(options: &Options) -> bool {
    let mut passed = true;
    for sabotage in &options.sabotages {
        match points::enumerate(Some(*sabotage)) {
            Err(problem) => {
                passed = false;
                println!("{:<28} {problem}", sabotage.name());
            }
            Ok(all) => {
                let found = all.failure.as_ref();
                let found = found.map(|(point, failure)| (format!("at {point}"), failure));
                passed &= noticed(*sabotage, found, &format!("{} points", all.runs));
            }
        }
    }
    passed
}

/// Runs every sabotage. Each must be caught, except those that break nothing.
pub fn sabotage(options: &Options) -> bool {
    let mut passed = true;
    for sabotage in &options.sabotages {
        let (seed, count) = match (sabotage.outcome(), options.count) {
            (_, Some(count)) => (options.seed, count),
            (Outcome::At(seed, _), None) => (seed, 1),
            (Outcome::Rare(_), None) => (options.seed, RARE_SABOTAGE_SEEDS),
            (Outcome::Seen(_) | Outcome::Harmless(_), None) => (options.seed, SABOTAGE_SEEDS),
        };
        let Found { runs, first, .. } = on_all_cores(options, seed, count, Some(*sabotage));
        if let Some(run) = first.as_ref().filter(|_| options.trace) {
            run.trace.iter().for_each(|line| println!("{line}"));
        }
        let found = first.as_ref().and_then(|run| Some((format!("at seed {}", run.seed), run.failure.as_ref()?)));
        passed &= noticed(*sabotage, found, &format!("{runs} seeds"));
    }
    passed
}

/// Says what became of a sabotage, and whether that is what must become of it: it is noticed, and by the checker that is
/// there for it.
fn noticed(sabotage: Sabotage, found: Option<(String, &Failure)>, runs: &str) -> bool {
    let name = sabotage.name();
    match (found, sabotage.outcome()) {
        (Some((place, failure)), Outcome::Seen(by) | Outcome::Rare(by) | Outcome::At(_, by))
            if by.contains(&failure.checker) =>
        {
            println!("{name:<28} caught {place} by {}", failure.checker);
            true
        }
        (Some((place, failure)), Outcome::Seen(by) | Outcome::Rare(by) | Outcome::At(_, by)) => {
            println!("{name:<28} caught {place} by {}, and not by {}", failure.checker, by.join(" or "));
            println!("  {}", failure.detail);
            false
        }
        (None, Outcome::Seen(_) | Outcome::Rare(_) | Outcome::At(..)) => {
            println!("{name:<28} NOT CAUGHT in {runs}");
            false
        }
        (None, Outcome::Harmless(why)) => {
            println!("{name:<28} breaks nothing in {runs}: {why}");
            true
        }
        (Some((place, failure)), Outcome::Harmless(_)) => {
            println!("{name:<28} is said to break nothing, and does {place}: {}: {}", failure.checker, failure.detail);
            false
        }
    }
}
