//! The simulator's command: seeds, sabotages and traces. The simulator is in `hookwright_tests::sim`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hookwright_tests::sim::points::{self, Point};
use hookwright_tests::sim::{self, Coverage, Failure, Outcome, PINNED, Params, Run, Sabotage};

const USAGE: &str = "\
usage: sim [--seed N] [--count M] [--keep-going] [--sabotage NAME|all] [--trace]
       sim --pinned | --crash-points [--sabotage NAME|all] | --crash-point SCENARIO:CALL:MODE [--sabotage NAME] [--trace]

  --seed N          the first seed; 1 unless said otherwise
  --count M         how many seeds; 1 unless said otherwise, 1000 for a sabotage, 5000 for a rare one, and one
                    that is named for the rarest
  --keep-going      a seed that fails is named, and does not end the run
  --sabotage NAME   breaks a rule of the protocol and expects that the checker which is there for it notices; all: one
                    after the other
  --pinned          the seeds that once found something
  --crash-points    every call of the main scenarios goes wrong in every way; a sabotage must be caught, and not without
                    a crash
  --crash-point P   one of them
  --trace           prints what happens, line by line";
/// A third of a run is small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Number of seeds within which a sabotage must be caught.
const SABOTAGE_SEEDS: u64 = 1_000;
/// Number of seeds within which a sabotage that matters rarely must be caught.
const RARE_SABOTAGE_SEEDS: u64 = 5_000;

struct Options {
    seed: u64,
    count: Option<u64>,
    keep_going: bool,
    sabotages: Vec<Sabotage>,
    trace: bool,
    what: What,
}

/// The seeds, points or sabotages to run.
enum What {
    Seeds,
    Pinned,
    CrashPoints,
    CrashPoint(Point),
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A panic inside the engine is reported as the seed's failure.
    std::panic::set_hook(Box::new(|_| ()));
    let passed = match options.what {
        What::Seeds if options.sabotages.is_empty() => simulate(&options),
        What::Seeds => sabotage(&options),
        What::Pinned => pinned(&options),
        What::CrashPoints if options.sabotages.is_empty() => crash_points(),
        What::CrashPoints => sabotage_at_crash_points(&options),
        What::CrashPoint(point) => crash_point(&options, point),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options =
        Options { seed: 1, count: None, keep_going: false, sabotages: Vec::new(), trace: false, what: What::Seeds };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => options.seed = number(&value()?)?,
            "--count" => options.count = Some(number(&value()?)?),
            "--keep-going" => options.keep_going = true,
            "--help" | "-h" => {
                println!("{USAGE}");
                std::process::exit(0);
            }
            "--pinned" => options.what = What::Pinned,
            "--crash-points" => options.what = What::CrashPoints,
            "--crash-point" => options.what = What::CrashPoint(value()?.parse()?),
            "--trace" => options.trace = true,
            "--sabotage" => options.sabotages = sabotages(&value()?)?,
            other => return Err(format!("there is no option {other}")),
        }
    }
    Ok(options)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is no number"))
}

fn sabotages(name: &str) -> Result<Vec<Sabotage>, String> {
    if name == "all" {
        return Ok(Sabotage::ALL.to_vec());
    }
    let names = || Sabotage::ALL.iter().map(|sabotage| sabotage.name()).collect::<Vec<_>>().join(", ");
    let found = Sabotage::ALL.iter().find(|sabotage| sabotage.name() == name);
    found.map(|sabotage| vec![*sabotage]).ok_or_else(|| format!("'{name}' is none of {}", names()))
}

fn simulate(options: &Options) -> bool {
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
fn pinned(options: &Options) -> bool {
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

fn crash_points() -> bool {
    let began = Instant::now();
    match points::enumerate(None) {
        Err(problem) => {
            println!("{problem}");
            false
        }
        Ok(all) => {
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{} scenarios with {} calls, {} crash points in {seconds:.1} s",
                all.scenarios, all.calls, all.runs
            );
            if let Some((point, failure)) = &all.failure {
                println!("FAILED: {}: {}", failure.checker, failure.detail);
                println!("again: cargo xtask sim --crash-point {point} --trace");
            }
            all.failure.is_none() && all.runs > 0
        }
    }
}

/// A sabotage that only a crash brings to light.
fn sabotage_at_crash_points(options: &Options) -> bool {
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

fn crash_point(options: &Options, point: Point) -> bool {
    match points::play_point(point, options.sabotages.first().copied(), options.trace) {
        Err(problem) => {
            println!("{problem}");
            false
        }
        Ok(played) => {
            played.trace.iter().for_each(|line| println!("{line}"));
            match &played.failure {
                Some(failure) => println!("FAILED: {}: {}", failure.checker, failure.detail),
                None => println!("{point} passed"),
            }
            played.failure.is_none()
        }
    }
}

/// Runs every sabotage. Each must be caught, except those that break nothing.
fn sabotage(options: &Options) -> bool {
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

/// The result of a range of seeds.
#[derive(Default)]
struct Found {
    runs: u64,
    failures: u64,
    coverage: Coverage,
    /// The lowest seed that failed.
    first: Option<Run>,
    /// The sum of the seeds' hashes. Two builds with the same sum made the same histories.
    hash: u64,
}

/// Runs seeds until one fails, or all of them.
fn on_all_cores(options: &Options, seed: u64, count: u64, sabotage: Option<Sabotage>) -> Found {
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
