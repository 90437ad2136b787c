//! Patterns with the simulator's own eyes: which types a list of them selects, and the rows by which a webhook must be found.
//! Also the lists with wide patterns and exclusions that the workload draws from.

use std::collections::BTreeMap;

use super::rng::Rng;
use super::rows::{Subscription, Webhook};

/// Lists of patterns of the profile `standard`, whose types are `a.b.c`, `a.b` and `order.paid`.
const STANDARD: &[&str] = &[
    r#"["*.c"]"#,
    r#"["a.*.c","a.b"]"#,
    r#"["*","!a.b.c"]"#,
    r#"["!order.paid"]"#,
    r#"["a.*","*.paid","!a.b"]"#,
    r#"["*.b.*","*.b","a.b.*"]"#,
    r#"["o*.p*d","a.**","!*.b"]"#,
];
/// The same of `perfex-assets`, whose types are `asset.lost`, `asset.created` and `alert.low_stock`.
const PERFEX: &[&str] = &[
    r#"["*.lost"]"#,
    r#"["*","!asset.lost"]"#,
    r#"["!alert.*"]"#,
    r#"["a*.created","asset.l*"]"#,
    r#"["*.low_stock","asset.*","!*.created"]"#,
];
/// Lists that select the first type of the profile `standard`.
const FIRST_STANDARD: &[&str] = &[r#"["*.c"]"#, r#"["a.*.c"]"#, r#"["!order.paid"]"#, r#"["a.*","!a.b"]"#];
/// Lists that select the first type of `perfex-assets`.
const FIRST_PERFEX: &[&str] = &[r#"["*.lost"]"#, r#"["a*.lost"]"#, r#"["!alert.*"]"#];

/// Draws a list.
pub fn draw(rng: &mut Rng, profile: &str) -> &'static str {
    rng.pick(if profile == "standard" { STANDARD } else { PERFEX })
}

/// Draws a list that selects the first type.
pub fn draw_first(rng: &mut Rng, profile: &str) -> &'static str {
    rng.pick(if profile == "standard" { FIRST_STANDARD } else { FIRST_PERFEX })
}

/// Returns true if a webhook subscribes to a type.
pub fn wants(webhook: &Webhook, event_type: &str) -> bool {
    selects(&webhook.events, event_type)
}

/// Returns true if a list selects a type: a pattern matches it, and no exclusion.
pub fn selects(patterns: &[String], event_type: &str) -> bool {
    let excludes = |pattern: &String| pattern.strip_prefix('!').is_some_and(|pattern| matches(pattern, event_type));
    patterns.iter().any(|pattern| matches(pattern, event_type)) && !patterns.iter().any(excludes)
}

/// Returns true if a pattern matches a type. An exclusion matches none, because no type begins with `!`.
pub fn matches(pattern: &str, event_type: &str) -> bool {
    let (pattern, parts): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), event_type.split('.').collect());
    fits(&pattern, &parts, true)
}

/// Tries every way to divide the parts among those of the pattern.
fn fits(pattern: &[&str], parts: &[&str], first: bool) -> bool {
    match pattern {
        [] => parts.is_empty(),
        ["**", rest @ ..] => (1..=parts.len()).any(|taken| fits(rest, &parts[taken..], false)),
        ["*", rest @ ..] if first || rest.is_empty() => {
            (1..=parts.len()).any(|taken| fits(rest, &parts[taken..], false))
        }
        [part, rest @ ..] => parts
            .split_first()
            .is_some_and(|(known, left)| fits_part(part.as_bytes(), known.as_bytes()) && fits(rest, left, false)),
    }
}

fn fits_part(pattern: &[u8], part: &[u8]) -> bool {
    match (pattern, part) {
        ([], _) => part.is_empty(),
        ([b'*', rest @ ..], _) => (0..=part.len()).any(|taken| fits_part(rest, &part[taken..])),
        ([byte, rest @ ..], [other, left @ ..]) => byte == other && fits_part(rest, left),
        (_, []) => false,
    }
}

/// Returns the rows by which a webhook must be found, by the encoded pattern in their keys.
pub fn expected(webhook: &Webhook) -> BTreeMap<String, Subscription> {
    let excluded: Vec<&str> = webhook.events.iter().filter_map(|pattern| pattern.strip_prefix('!')).collect();
    let mut rows: BTreeMap<String, Subscription> = BTreeMap::new();
    for pattern in webhook.events.iter().filter(|pattern| !pattern.starts_with('!')) {
        let parts: Vec<&str> = pattern.split('.').collect();
        let stars = parts.iter().filter(|part| part.contains('*')).count();
        let narrow = stars == 0 || (stars == 1 && parts.last() == Some(&"*"));
        let (first, last) = (parts[0], parts[parts.len() - 1]);
        let text = match (narrow, first.contains('*'), last.contains('*')) {
            (true, ..) => pattern.clone(),
            (_, false, _) => format!("{first}.**"),
            (_, true, false) => format!("**.{last}"),
            _ => "**".to_owned(),
        };
        let row = rows.entry(encoded(&text)).or_default();
        let matter = excluded.iter().filter(|exclusion| stars > 0 || matches(exclusion, pattern));
        row.excluded = matter.map(|exclusion| (*exclusion).to_owned()).collect();
        if !narrow {
            row.patterns.push(pattern.clone());
        }
    }
    rows
}

fn encoded(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    text.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("_{byte:02x}") }).collect()
}
