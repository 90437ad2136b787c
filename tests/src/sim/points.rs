//! Crashes at every call. Each scenario runs once to count its calls of storage and HTTP, then once for each call and
//! each way in which it can go wrong. The scenarios are in `scenarios`, and the checkers judge.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use hookwright_engine::limits::DISABLE_AFTER_S;

use super::checkers::Failure;
use super::coverage::Coverage;
use super::hits::AHEAD_MS;
use super::params::{Faults, Params, SlowCommits};
pub use super::point::Point;
use super::point::{Kind, Mode};
use super::sabotage::Sabotage;
use super::scenario::Scenario;
use super::scenarios::SCENARIOS;
use super::script::Script;
use super::trace::Trace;
use super::world::World;
use crate::sim;

/// Scenarios have no seed of their own: little is left to draw.
const SEED: u64 = 1;
/// A scenario with fewer calls is none.
const CALLS_MIN: usize = 20;

impl std::str::FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Point, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [scenario, call, mode] = parts[..] else { return Err(format!("'{text}' is no SCENARIO:CALL:MODE")) };
        let names = || SCENARIOS.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
        let found = SCENARIOS.iter().find(|found| found.name == scenario);
        let scenario = found.ok_or_else(|| format!("'{scenario}' is none of {}", names()))?.name;
        let call = call.parse().map_err(|_| format!("'{call}' is no number"))?;
        let modes = || Mode::ALL.iter().map(|mode| mode.name()).collect::<Vec<_>>().join(", ");
        let found = Mode::ALL.iter().find(|found| found.name() == mode);
        let mode = *found.ok_or_else(|| format!("'{mode}' is none of {}", modes()))?;
        Ok(Point { scenario, call, mode })
    }
}

/// The result of a scenario.
#[derive(Debug)]
pub struct Played {
    /// The first promise that was broken.
    pub failure: Option<Failure>,
    /// Line by line, if that was asked for.
    pub trace: Vec<String>,
    calls: Vec<Kind>,
    coverage: Coverage,
}

/// The result of all scenarios.
#[derive(Debug, Default)]
pub struct Enumerated {
    /// How many scenarios there were.
    pub scenarios: usize,
    /// How many calls they make.
    pub calls: usize,
    /// How many points were tried.
    pub runs: usize,
    /// The first that failed.
    pub failure: Option<(Point, Failure)>,
}

/// Plays one point.
pub fn play_point(point: Point, sabotage: Option<Sabotage>, trace: bool) -> Result<Played, String> {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == point.scenario);
    let played = play(scenario.ok_or("there is no such scenario")?, Some(point), sabotage, trace);
    if played.failure.is_none() && played.calls.len() <= point.call {
        return Err(format!("'{}' has only {} calls", point.scenario, played.calls.len()));
    }
    Ok(played)
}

/// Plays every point of every scenario, on all cores. An error: a scenario does not do what it is there for, so that its
/// points would prove nothing.
pub fn enumerate(sabotage: Option<Sabotage>) -> Result<Enumerated, String> {
    let mut all = Enumerated::default();
    let mut points: Vec<(&'static Scenario, Point)> = Vec::new();
    for scenario in SCENARIOS {
        let played = play(scenario, None, sabotage, false);
        let name = scenario.name;
        if let Some(failure) = played.failure {
            return Err(format!("'{name}' fails without a crash: {}: {}", failure.checker, failure.detail));
        }
        let commits = played.calls.iter().filter(|kind| **kind == Kind::Commit).count();
        if played.calls.len() < CALLS_MIN || commits == 0 {
            return Err(format!("'{name}' proves nothing: {} calls, {commits} commits", played.calls.len()));
        }
        if let Some(missing) = scenario.expects.iter().find(|count| played.coverage.of(**count) == 0) {
            return Err(format!("'{name}' proves nothing: no {missing:?}"));
        }
        all.scenarios += 1;
        all.calls += played.calls.len();
        for (call, kind) in played.calls.iter().enumerate() {
            points.extend(Mode::of(*kind).iter().map(|mode| (scenario, Point { scenario: name, call, mode: *mode })));
        }
    }
    all.runs = points.len();
    let (next, end) = (AtomicUsize::new(0), AtomicUsize::new(points.len()));
    let first: Mutex<Option<(usize, Failure)>> = Mutex::new(None);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((scenario, point)) = points.get(index) else { return };
            if index >= end.load(Ordering::Relaxed) {
                return;
            }
            if let Some(failure) = play(scenario, Some(*point), sabotage, false).failure {
                end.fetch_min(index, Ordering::Relaxed);
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                if first.as_ref().is_none_or(|(before, _)| index < *before) {
                    *first = Some((index, failure));
                }
            }
        }
    };
    std::thread::scope(|scope| (0..cores).for_each(|_| _ = scope.spawn(work)));
    let first = first.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.failure = first.map(|(index, failure)| (points[index].1, failure));
    Ok(all)
}

fn play(scenario: &'static Scenario, point: Option<Point>, sabotage: Option<Sabotage>, trace: bool) -> Played {
    let params = Params {
        workers: scenario.workers,
        tenants: 1,
        applications: 1,
        actions: 0,
        fault_phase_ms: 0,
        profile: scenario.profile,
        webhooks: u32::try_from(scenario.webhooks.len()).unwrap_or(u32::MAX),
        fan_out: false,
        answer_us_max: 20_000,
        pause_us_max: 1_000,
        changes: 0,
        redeliveries: 0,
        hot: false,
        storage_us_max: 500,
        commit_us_max: 0,
        strict: 0,
        statuses: 0,
        pauses: 0,
        jobs: 0,
        wishes: 0,
        slow_commits: SlowCommits::Alike,
        patient: false,
        odd: false,
        strangers: 0,
        restore: None,
        poison: 0,
        retention_s: scenario.retention_s,
        erasures: 0,
        settings: 0,
        wide: false,
        filters: false,
        disable_after_s: DISABLE_AFTER_S,
        disable_after_deliveries: 0,
        faults: Faults {
            clock_off_ms_max: if scenario.dies_ahead { u64::from(AHEAD_MS) } else { 0 },
            ..Faults::default()
        },
    };
    let config = match sim::config(&params) {
        Ok(config) => config,
        Err(failure) => {
            let (trace, calls, coverage) = (Vec::new(), Vec::new(), Coverage::default());
            return Played { failure: Some(failure), trace, calls, coverage };
        }
    };
    let mut world = World::new(SEED, config, params, sabotage, Trace::new(trace));
    world.faults = Faults::default();
    world.script = Some(Script::new(scenario, point));
    let failure = world.run().err();
    world.stop();
    let coverage = world.counted();
    let calls = world.script.take().map(|script| script.calls).unwrap_or_default();
    Played { failure, trace: world.trace.into_lines(), calls, coverage }
}
