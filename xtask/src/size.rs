//! The component's size, and the record of it that the tests compare it with.

use crate::build;
use crate::command::root;
use anyhow::{Context, Result, bail};

const RECORD: &str = "docs/component-size.txt";

/// Prints the component's size beside the recorded one. `--record` writes the size to the record.
pub fn run(arguments: &[String]) -> Result<()> {
    let records = match arguments {
        [] => false,
        [argument] if argument == "--record" => true,
        _ => bail!("size takes nothing but --record, not {arguments:?}"),
    };
    let component = build::component()?;
    let bytes = std::fs::metadata(&component).with_context(|| format!("cannot find {}", component.display()))?.len();
    let path = root().join(RECORD);
    match std::fs::read_to_string(&path) {
        Ok(text) => println!("{}", compared(bytes, parse(&text).with_context(|| format!("in {RECORD}"))?)),
        Err(_) => println!("{bytes} bytes; {RECORD} cannot be read"),
    }
    if records {
        std::fs::write(&path, record(bytes)).with_context(|| format!("cannot write {RECORD}"))?;
        println!("{RECORD} written");
    }
    Ok(())
}

fn record(bytes: u64) -> String {
    format!(
        "# Size of the component in bytes, written by `cargo xtask size --record`. A test fails when the component is over 5 % larger.\n{bytes}\n"
    )
}

fn parse(record: &str) -> Result<u64> {
    let line = record.lines().find(|line| !line.starts_with('#')).context("there is no figure")?;
    line.parse().with_context(|| format!("{line:?} is no number of bytes"))
}

fn compared(bytes: u64, recorded: u64) -> String {
    // Tenths of a percent, rounded towards zero.
    let change = (i128::from(bytes) - i128::from(recorded)) * 1000 / i128::from(recorded.max(1));
    let sign = if change < 0 { "-" } else { "+" };
    let change = change.unsigned_abs();
    format!("{bytes} bytes; {recorded} recorded, {sign}{}.{} %", change / 10, change % 10)
}

#[cfg(test)]
mod tests {
    use super::{compared, parse, record};

    #[test]
    fn record_is_read_as_written() {
        assert_eq!(parse(&record(465_123)).unwrap(), 465_123);
        assert!(parse("# nothing else\n").is_err());
        assert!(parse("465 KB\n").is_err());
    }

    #[test]
    fn sizes_are_compared_in_percent() {
        let rows = [
            ("growth", 1055, 1000, "1055 bytes; 1000 recorded, +5.5 %"),
            ("shrinkage", 990, 1000, "990 bytes; 1000 recorded, -1.0 %"),
            ("no change", 1000, 1000, "1000 bytes; 1000 recorded, +0.0 %"),
        ];
        for (name, bytes, recorded, expected) in rows {
            assert_eq!(compared(bytes, recorded), expected, "{name}");
        }
    }
}
