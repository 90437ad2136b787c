//! `docs/limits.md`: the table of every limit, generated from the constants and their comments, so that both agree.

use crate::command::root;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fmt::Write;

const PAGE: &str = "docs/limits.md";
const FILES: [(&str, &str); 3] = [
    (
        "engine/src/support/limits.rs",
        "## The engine\n\nThe same in every host. A call that exceeds a limit fails as a whole. Its error names the field, the limit and \
         the mend. The HTTP status is 413 for the size of an event or a call, 422 for a field, and 409 for the number of a \
         tenant's webhooks and of their wide patterns.",
    ),
    (
        "host-harness/src/limits.rs",
        "## The Rust host\n\nThe limits of `serve` and of a Rust platform that embeds Hookwright.",
    ),
    ("host-harness/src/cli/limits.rs", "## The command line"),
];

/// One constant.
struct Limit {
    name: String,
    value: u128,
    comment: String,
}

/// Writes the page.
pub fn write() -> Result<()> {
    std::fs::write(root().join(PAGE), page()?).with_context(|| format!("cannot write {PAGE}"))
}

/// Fails if the page differs from the constants.
pub fn check() -> Result<()> {
    let found = std::fs::read_to_string(root().join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    ensure!(found == page()?, "{PAGE} differs from the constants; run `cargo xtask limits`");
    Ok(())
}

fn page() -> Result<String> {
    let mut page = String::from(
        "# Limits\n\nEvery limit, with its value. `cargo xtask limits` generates this page from the constants, and a test fails if they \
         differ. Sizes are in bytes of UTF-8 unless the name says characters.\n",
    );
    // The other files name the engine's constants by their paths.
    let mut engine = BTreeMap::new();
    for (file, heading) in FILES {
        let mut known = engine.clone();
        let text = std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
        let limits = limits(&text, &mut known).with_context(|| format!("the constants of {file}"))?;
        ensure!(!limits.is_empty(), "{file} has no constants");
        if engine.is_empty() {
            engine =
                known.into_iter().map(|(name, value)| (format!("hookwright_engine::limits::{name}"), value)).collect();
        }
        write!(page, "\n{heading}\n\n| limit | value | bounds |\n|---|---|---|\n")?;
        for limit in limits {
            writeln!(page, "| `{}` | {} | {} |", limit.name, shown(&limit.name, limit.value), limit.comment)?;
        }
    }
    Ok(page)
}

/// Reads the public constants of a file, in order. An expression may use the constants before it.
fn limits(text: &str, known: &mut BTreeMap<String, u128>) -> Result<Vec<Limit>> {
    let (mut limits, mut comment) = (Vec::new(), String::new());
    for line in text.lines() {
        if let Some(part) = line.strip_prefix("/// ") {
            comment = format!("{comment} {part}").trim().to_owned();
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let (name, rest) = rest.split_once(':').with_context(|| format!("no type in {line:?}"))?;
            let (_, expression) = rest.split_once('=').with_context(|| format!("no value in {line:?}"))?;
            let expression = expression.trim().trim_end_matches(';');
            let value = value(expression, known).with_context(|| format!("the value of {name}"))?;
            ensure!(!comment.is_empty(), "{name} has no comment");
            known.insert(name.to_owned(), value);
            let comment = std::mem::take(&mut comment).replace('|', "\\|").replace("crate::", "");
            limits.push(Limit { name: name.to_owned(), value, comment });
        } else {
            comment.clear();
        }
    }
    Ok(limits)
}

/// Calculates an expression of numbers, constants, `+`, `*` and `/`.
fn value(expression: &str, known: &BTreeMap<String, u128>) -> Result<u128> {
    let term = |term: &str| -> Result<u128> {
        let mut product = 1;
        let mut divide = false;
        for factor in term.split_inclusive(['*', '/']) {
            let word = factor.trim_end_matches(['*', '/']).trim();
            let word = word.split(" as ").next().unwrap_or(word).trim();
            let number = match word {
                "u32::MAX" => u128::from(u32::MAX),
                _ => match word.replace('_', "").parse() {
                    Ok(number) => number,
                    Err(_) => *known.get(word).with_context(|| format!("{word:?} is no constant of a line before"))?,
                },
            };
            product = if divide { product / number } else { product * number };
            divide = factor.ends_with('/');
        }
        Ok(product)
    };
    if expression.contains(['(', '-', '%']) {
        bail!("{expression:?} has more than `+`, `*` and `/`; write it with these");
    }
    expression.split('+').map(term).sum()
}

/// Formats a value for readers, in the unit that the name has.
fn shown(name: &str, value: u128) -> String {
    let has = |unit: &str| name.split('_').any(|part| part == unit);
    if value == u128::from(u32::MAX) {
        return "none".to_owned();
    }
    let (unit, scales): (&str, &[(u128, &str)]) = if has("BYTES") {
        ("bytes", &[(1_048_576, "MiB"), (1_024, "KiB")])
    } else if has("MS") {
        ("ms", &[(86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")])
    } else if has("S") {
        ("s", &[(86_400, "days"), (3_600, "h"), (60, "min")])
    } else if has("CHARS") {
        ("characters", &[])
    } else {
        ("", &[])
    };
    let plain = format!("{} {unit}", grouped(value)).trim_end().to_owned();
    // One day is 24 hours.
    let fits = |(scale, large): &&(u128, &str)| {
        value.is_multiple_of(*scale) && value >= *scale && (*large, value / scale) != ("days", 1)
    };
    match scales.iter().find(fits) {
        Some((scale, large)) => format!("{} {large} ({plain})", grouped(value / scale)),
        None => plain,
    }
}

fn grouped(value: u128) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{limits, shown};
    use std::collections::BTreeMap;

    #[test]
    fn constants_and_comments_are_read() {
        let text = "//! x\n\n/// One\n/// two.\npub const A_BYTES_MAX: usize = 2 * 1024;\n/// Half | of it.\npub const B: u32 = A_BYTES_MAX as u32 / 2 + 1_000;\nconst _: () = ();\n";
        let read = limits(text, &mut BTreeMap::new()).unwrap();
        let read: Vec<_> = read.iter().map(|l| (l.name.as_str(), l.value, l.comment.as_str())).collect();
        assert_eq!(read, [("A_BYTES_MAX", 2_048, "One two."), ("B", 2_024, "Half \\| of it.")]);
        assert!(limits("pub const A: u32 = 1;", &mut BTreeMap::new()).is_err(), "no comment");
        assert!(limits("/// x\npub const A: u32 = OTHER;", &mut BTreeMap::new()).is_err(), "unknown");
        assert!(limits("/// x\npub const A: u32 = (1 + 2) * 3;", &mut BTreeMap::new()).is_err(), "parentheses");
    }

    #[test]
    fn values_have_units() {
        for (name, value, text) in [
            ("A_BYTES_MAX", 255, "255 bytes"),
            ("A_BYTES_MAX", 262_144, "256 KiB (262,144 bytes)"),
            ("A_MS_MAX", 86_400_000, "24 h (86,400,000 ms)"),
            ("A_MS", 1_500, "1,500 ms"),
            ("A_S_MAX", 604_800, "7 days (604,800 s)"),
            ("A_CHARS_MAX", 1_024, "1,024 characters"),
            ("A_MAX", 1_000_000, "1,000,000"),
        ] {
            assert_eq!(shown(name, value), text);
        }
    }
}
