//! The simulator in the ordinary test run: some hundred seeds, and that `docs/simulation.md` says of every sabotage what is
//! asked of it. `cargo xtask test simulation` runs thousands of seeds, in release, and every sabotage.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hookwright_tests::sim::{self, Count, Coverage, Outcome, Run, Sabotage};

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
fn first_failure(seeds: u64) -> (Coverage, Option<Run>) {
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
            let run = sim::run(seed, None, false);
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
    let (coverage, failed) = first_failure(SEEDS);
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
fn seed_gives_the_same_run_every_time() {
    for seed in [3, 17, 40] {
        let (one, two) = (sim::run(seed, None, true), sim::run(seed, None, false));
        assert_eq!(one.hash, two.hash, "seed {seed}");
        assert_eq!(one.coverage.table(), two.coverage.table(), "seed {seed}");
        assert!(!one.trace.is_empty() && two.trace.is_empty());
    }
}

#[test]
fn run_without_events_or_faults_proves_nothing() {
    let run = sim::run(1, None, false);
    assert!(run.coverage.proves(1) && run.coverage.proves(2), "{}", run.coverage.table());
    let mut faults = Coverage::default();
    faults.add(Count::Crashes);
    assert!(!Coverage::default().proves(1) && !faults.proves(1), "no event was accepted");
    let mut events = Coverage::default();
    events.add(Count::Events);
    assert!(!events.proves(2), "nothing went wrong");
    assert!(events.proves(1), "one seed may be one without faults");
    events.merge(&faults);
    assert!(events.proves(2));
}

/// Returns the texts in backticks in a table's cell, except those in parentheses.
fn named(cell: &str) -> Vec<&str> {
    let outside = cell.split('(').map(|part| part.rsplit(')').next().unwrap_or_default());
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn documentation_lists_every_sabotage_with_its_checkers() {
    let text = include_str!("../../docs/simulation.md");
    let (_, tables) = text.split_once("## Sabotages").unwrap();
    let (tables, _) = tables.split_once("\n## ").unwrap();
    let rows: Vec<(&str, &str)> =
        tables.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once(" | ")).collect();
    let of = |sabotage: &Sabotage| {
        let cells = |(names, _): &&(&str, &str)| named(&format!("`{names}")).contains(&sabotage.name());
        let found: Vec<_> = rows.iter().filter(cells).collect();
        assert_eq!(found.len(), 1, "{} is in {found:?}", sabotage.name());
        found[0].1
    };
    for sabotage in Sabotage::ALL {
        match sabotage.outcome() {
            Outcome::Seen(by) | Outcome::Rare(by) | Outcome::At(_, by) => {
                assert_eq!(named(of(sabotage)), by, "{}", sabotage.name())
            }
            Outcome::Harmless(why) => assert_eq!(of(sabotage), why, "{}", sabotage.name()),
        }
    }
    let documented: usize = rows.iter().map(|(names, _)| named(&format!("`{names}")).len()).sum();
    assert_eq!(documented, Sabotage::ALL.len(), "a sabotage is documented and not there");
}
