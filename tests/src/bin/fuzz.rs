//! The command of the fuzz targets: runs corpora, seeds, or one input from a file. The targets are in
//! `hookwright_tests::fuzz`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use hookwright_tests::fuzz::{TARGETS, Target, runner, target};

const USAGE: &str = "\
usage: fuzz [--target NAME] [--seed N] [--count M | --seconds S]
       fuzz --target NAME --input FILE

  --target NAME   one target; all of them unless said otherwise
  --seed N        the first seed; 1 unless said otherwise
  --count M       how many seeds, shared out so that each target takes about as long; 12000 unless said otherwise
  --seconds S     as many seeds as fit into this time, shared out evenly
  --input FILE    runs this input alone";
const COUNT: u64 = 12_000;

struct Options {
    targets: Vec<&'static Target>,
    seed: u64,
    count: u64,
    seconds: Option<u64>,
    input: Option<String>,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Some(file) = &options.input {
        return run_file(options.targets[0], file);
    }
    // A panic is a target's verdict, and is told with the input.
    std::panic::set_hook(Box::new(|_| ()));
    let mut failed = false;
    for target in &options.targets {
        failed |= !run(target, &options);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run(target: &Target, options: &Options) -> bool {
    let begun = Instant::now();
    let corpus = match runner::corpus(target) {
        Ok(corpus) if !corpus.is_empty() => corpus,
        other => {
            println!("{}: no corpus: {other:?}", target.name);
            return false;
        }
    };
    let share = u64::try_from(options.targets.len()).unwrap_or(1);
    let until = options.seconds.map(|seconds| begun + Duration::from_secs(seconds) / u32::try_from(share).unwrap_or(1));
    let last = match until {
        Some(_) => u64::MAX,
        None => options.seed.saturating_add(runner::seeds_of(target, options.count)),
    };
    let ran =
        runner::run_corpus(target, &corpus).and_then(|_| runner::run_seeds(target, &corpus, options.seed..last, until));
    match ran {
        Ok(ran) => {
            let (inputs, seconds) = (corpus.len(), begun.elapsed().as_secs_f64());
            let runner::Ran { count, taken } = ran;
            let (name, seed) = (target.name, options.seed);
            println!("{name:9} {inputs:3} inputs, {count:6} seeds from {seed}, {taken} past the door, {seconds:.1} s");
            taken > 0
        }
        Err(failure) => {
            println!("{failure}");
            false
        }
    }
}

fn run_file(target: &Target, file: &str) -> ExitCode {
    match std::fs::read(file) {
        Ok(input) => {
            let is_taken = (target.run)(&input);
            println!("{}: well{}", target.name, if is_taken { "" } else { ", and refused at the door" });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let all = TARGETS.iter().collect();
    let mut options = Options { targets: all, seed: 1, count: COUNT, seconds: None, input: None };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--target" => options.targets = vec![named(&value()?)?],
            "--seed" => options.seed = number(&value()?)?,
            "--count" => options.count = number(&value()?)?,
            "--seconds" => options.seconds = Some(number(&value()?)?),
            "--input" => options.input = Some(value()?),
            "--help" | "-h" => {
                println!("{USAGE}");
                std::process::exit(0);
            }
            other => return Err(format!("there is no option {other}")),
        }
    }
    if options.input.is_some() && options.targets.len() > 1 {
        return Err("an input is for one target; give it with --target".to_owned());
    }
    Ok(options)
}

fn named(name: &str) -> Result<&'static Target, String> {
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    target(name).ok_or_else(|| format!("'{name}' is none of {}", names()))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is no number"))
}
