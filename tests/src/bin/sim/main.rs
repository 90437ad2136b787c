//! The simulator's command: seeds, sabotages and traces. The simulator is in `hookwright_tests::sim`.
#![forbid(unsafe_code)]

mod crash_points;
mod options;
mod sabotage;
mod seeds;

use std::process::ExitCode;

use options::What;

/// A third of a run is small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    // A panic inside the engine is reported as the seed's failure.
    std::panic::set_hook(Box::new(|_| ()));
    let passed = match options.what {
        What::Seeds if options.sabotages.is_empty() => seeds::simulate(&options),
        What::Seeds => sabotage::sabotage(&options),
        What::Pinned => seeds::pinned(&options),
        What::CrashPoints if options.sabotages.is_empty() => crash_points::crash_points(),
        What::CrashPoints => sabotage::sabotage_at_crash_points(&options),
        What::CrashPoint(point) => crash_points::crash_point(&options, point),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
