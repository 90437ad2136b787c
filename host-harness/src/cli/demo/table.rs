//! The output of the demonstration.

use std::io::{Result, Write};

use super::record::{Joined, Outcome};
use super::story::{self, Party};

const HEADINGS: [&str; 6] = ["event", "webhook", "attempt", "status", "signature", "time (UTC)"];

const NEXT: &str = r#"
Next, start a service of your own (loopback is refused unless it is allowed):

  cargo run -- serve --listen 127.0.0.1:8080 --store sqlite:hookwright.db --profile perfex-assets \
      --token change-me --allow-destination 127.0.0.0/8

  curl http://127.0.0.1:8080/webhooks -H 'Authorization: Bearer change-me' -H 'X-Tenant: acme' \
      -d '{"url": "http://127.0.0.1:9000/in", "events": ["asset.*"]}'

  curl http://127.0.0.1:8080/events -H 'Authorization: Bearer change-me' -H 'X-Tenant: acme' \
      -d '{"type": "asset.created", "subject": {"type": "asset", "id": 123}, "after": {"id": "123"}}'

  curl http://127.0.0.1:8080/webhooks/ID/attempts -H 'Authorization: Bearer change-me' -H 'X-Tenant: acme'
"#;

/// Writes the receivers and the events.
pub fn write_introduction(out: &mut impl Write, parties: &[Party]) -> Result<()> {
    writeln!(out, "An asset's life, profile `perfex-assets`, a temporary SQLite file, receivers on loopback:\n")?;
    for Party { name, pattern, format, trouble, receiver, .. } in parties {
        writeln!(out, "  {name:<11} {pattern:<16} {format:<14} {:<18} {trouble}", receiver.address())?;
    }
    let types: Vec<&str> = story::events().into_iter().map(|event| event.event_type).collect();
    writeln!(out, "\nThe platform reports {}.", types.join(", "))
}

/// Writes the attempts, with the receivers' verdicts on the signatures.
pub fn write_attempts(out: &mut impl Write, outcome: &Outcome) -> Result<()> {
    let mut rows = Vec::new();
    for webhook in &outcome.webhooks {
        rows.extend(webhook.attempts.iter().map(|joined| (joined.attempt.at.clone(), row(webhook.name, joined))));
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let rows: Vec<[String; 6]> = rows.into_iter().map(|(_, row)| row).collect();
    let mut widths = HEADINGS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    writeln!(out)?;
    write_row(out, &widths, &HEADINGS)?;
    write_row(out, &widths, &widths.map(|width| "-".repeat(width)))?;
    for row in &rows {
        write_row(out, &widths, row)?;
    }
    writeln!(out)
}

fn row(webhook: &str, Joined { attempt, arrival }: &Joined) -> [String; 6] {
    let answer = match (attempt.status, &attempt.error) {
        (Some(status), _) => status.to_string(),
        (None, Some(error)) => format!("{error} failed"),
        (None, None) => "no response".to_owned(),
    };
    let signature = arrival.as_ref().map_or("(not sent)".to_owned(), |arrival| arrival.signature.to_string());
    // The time of day of `2025-02-04T12:00:00.000Z`.
    let time = attempt.at.get(11..23).unwrap_or(&attempt.at).to_owned();
    [
        attempt.event_type.clone(),
        webhook.to_owned(),
        attempt.number.to_string(),
        format!("{answer}, {}", attempt.state),
        signature,
        time,
    ]
}

fn write_row(out: &mut impl Write, widths: &[usize; 6], cells: &[impl AsRef<str>; 6]) -> Result<()> {
    let padded = cells.iter().zip(widths).map(|(cell, &width)| format!("{:<width$}", cell.as_ref()));
    let line: Vec<String> = padded.collect();
    writeln!(out, "{}", line.join("  ").trim_end())
}

/// Writes the verdict and the next steps.
pub fn write_end(out: &mut impl Write, outcome: &Outcome, failures: &[String]) -> Result<()> {
    if !failures.is_empty() {
        writeln!(out, "The outcome differs from the expected one:")?;
        for failure in failures {
            writeln!(out, "  - {failure}")?;
        }
        return Ok(());
    }
    let deliveries: usize = outcome.webhooks.iter().map(|webhook| webhook.subscribed.len()).sum();
    let attempts: usize = outcome.webhooks.iter().map(|webhook| webhook.attempts.len()).sum();
    writeln!(
        out,
        "As expected: {deliveries} deliveries in {attempts} attempts, each made once per webhook. All signatures are valid.\n\
         Retries have the same message id and a timestamp of their own. The alert that was reported twice is one message."
    )?;
    writeln!(out, "{NEXT}")
}
