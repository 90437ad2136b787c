//! Runs crash points.

use std::time::Instant;

use hookwright_tests::sim::points::{self, Point};

use crate::options::Options;

/// Runs every crash point. Returns true if all pass.
pub fn crash_points() -> bool {
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

/// Runs one crash point. Returns true if it passes.
pub fn crash_point(options: &Options, point: Point) -> bool {
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
