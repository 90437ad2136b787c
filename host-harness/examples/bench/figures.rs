//! Measured figures: CPU time, medians, and units.

use std::time::Duration;

use anyhow::{Context, Result};

/// The cost of a number of deliveries.
pub struct Run {
    pub per_second: f64,
    pub cpu_us: f64,
}

impl Run {
    pub fn of(deliveries: usize, wall: Duration, cpu: Duration) -> Run {
        Run { per_second: deliveries as f64 / wall.as_secs_f64(), cpu_us: micros(cpu) / deliveries as f64 }
    }
}

/// Returns the user and system time of this process.
pub fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("CPU time is read from /proc, so from Linux")?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

pub fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples[samples.len() / 2]
}

pub fn middle(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
