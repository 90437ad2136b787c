//! The options of the command.

use hookwright_tests::sim::Sabotage;
use hookwright_tests::sim::points::Point;

/// The text of `--help`.
pub const USAGE: &str = "\
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

/// The options of the command.
pub struct Options {
    /// The first seed.
    pub seed: u64,
    /// The number of seeds.
    pub count: Option<u64>,
    /// True if a failing seed does not end the run.
    pub keep_going: bool,
    /// The sabotages to run.
    pub sabotages: Vec<Sabotage>,
    /// True if the run is printed line by line.
    pub trace: bool,
    /// The seeds or points to run.
    pub what: What,
}

/// The seeds, points or sabotages to run.
pub enum What {
    /// A range of seeds.
    Seeds,
    /// The pinned seeds.
    Pinned,
    /// All crash points.
    CrashPoints,
    /// One crash point.
    CrashPoint(Point),
}

/// Reads the command line.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
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
