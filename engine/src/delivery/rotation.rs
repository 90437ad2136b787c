//! Decides how long the earlier secrets of a webhook go on signing, and from when the newest signs.
//!
//! A format with several signatures has one of each live secret. A format with one signature has that of the oldest live
//! secret, so that a receiver which knows only that one verifies every request until its end, and the next takes over
//! then. No end that was promised comes earlier, unless the caller ends all earlier secrets at once.

use crate::profile::Signature;
use crate::store::rows::WebhookSecret;

/// A rotation that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The time from which the newest secret signs, in milliseconds.
    pub new_from_ms: u64,
    /// The time until which an earlier secret signs, in milliseconds.
    pub old_until_ms: u64,
}

/// Puts a new secret before the earlier ones. The newest of these signs for `overlap_ms` more, and none of them ends
/// before one that is older. With an overlap of 0 all of them end now.
pub fn rotate(
    secrets: &mut Vec<WebhookSecret>,
    fresh: WebhookSecret,
    signature: &Signature,
    overlap_ms: u64,
    now_ms: u64,
) {
    secrets.retain(|old| overlap_ms > 0 && old.is_live(now_ms));
    let older_until_ms = secrets.get(1).and_then(|older| older.until_ms).unwrap_or(0);
    if let Some(newest) = secrets.first_mut() {
        newest.until_ms = Some((now_ms + overlap_ms).max(older_until_ms));
    }
    secrets.insert(0, fresh);
    if signature.is_single() {
        drop_silent(secrets);
    }
}

/// Drops the secrets that would never sign in a format with one signature: an older one signs until their end.
fn drop_silent(secrets: &mut Vec<WebhookSecret>) {
    let ends_ms: Vec<Option<u64>> = secrets.iter().map(|secret| secret.until_ms).collect();
    let mut older = ends_ms.iter().skip(1);
    secrets.retain(|secret| older.next().is_none_or(|older_ms| *older_ms != secret.until_ms));
}

/// Returns the rotation that is under way, if an earlier secret still signs.
pub fn under_way(secrets: &[WebhookSecret], signature: &Signature, now_ms: u64) -> Option<Rotation> {
    let (newest, older) = secrets.split_first()?;
    let old_until_ms = older.iter().filter(|old| old.is_live(now_ms)).filter_map(|old| old.until_ms).max()?;
    let new_from_ms = if signature.is_single() { old_until_ms } else { newest.since_ms };
    Some(Rotation { new_from_ms, old_until_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_000_000;
    const SINGLE: Signature = Signature::BodyHex { prefix: String::new() };

    fn secret(name: &str, until_ms: Option<u64>) -> WebhookSecret {
        let (sealed, fingerprint) = (name.to_owned(), String::new());
        WebhookSecret { sealed, fingerprint, since_ms: NOW_MS, until_ms }
    }

    /// A row: the secrets before, newest first, with their ends in milliseconds from now; the overlap; the secrets after.
    struct Row {
        name: &'static str,
        signature: Signature,
        before: &'static [(&'static str, Option<i64>)],
        overlap_ms: u64,
        after: &'static [(&'static str, Option<i64>)],
        /// From when the new one signs, in milliseconds from now. `None`: no rotation is under way.
        new_from_ms: Option<u64>,
    }

    fn check(row: Row) {
        let at = |offset_ms: Option<i64>| offset_ms.map(|offset| NOW_MS.checked_add_signed(offset).unwrap());
        let mut secrets: Vec<WebhookSecret> = row.before.iter().map(|(name, end)| secret(name, at(*end))).collect();
        rotate(&mut secrets, secret("new", None), &row.signature, row.overlap_ms, NOW_MS);
        let found: Vec<(&str, Option<u64>)> =
            secrets.iter().map(|secret| (secret.sealed.as_str(), secret.until_ms)).collect();
        let expected: Vec<(&str, Option<u64>)> = row.after.iter().map(|(name, end)| (*name, at(*end))).collect();
        assert_eq!(found, expected, "{}", row.name);
        let found = under_way(&secrets, &row.signature, NOW_MS).map(|rotation| rotation.new_from_ms - NOW_MS);
        assert_eq!(found, row.new_from_ms, "{}", row.name);
    }

    #[test]
    fn the_secret_that_signs_keeps_its_promised_end() {
        check(Row {
            name: "one signature",
            signature: SINGLE,
            before: &[("old", None)],
            overlap_ms: 600,
            after: &[("new", None), ("old", Some(600))],
            new_from_ms: Some(600),
        });
        check(Row {
            name: "several signatures",
            signature: Signature::StandardWebhooks,
            before: &[("old", None)],
            overlap_ms: 600,
            after: &[("new", None), ("old", Some(600))],
            new_from_ms: Some(0),
        });
        check(Row {
            name: "a second rotation that ends later",
            signature: SINGLE,
            before: &[("middle", None), ("old", Some(400))],
            overlap_ms: 600,
            after: &[("new", None), ("middle", Some(600)), ("old", Some(400))],
            new_from_ms: Some(600),
        });
        check(Row {
            name: "a second rotation that would end earlier",
            signature: SINGLE,
            before: &[("middle", None), ("old", Some(400))],
            overlap_ms: 100,
            after: &[("new", None), ("old", Some(400))],
            new_from_ms: Some(400),
        });
        check(Row {
            name: "the same with several signatures",
            signature: Signature::StandardWebhooks,
            before: &[("middle", None), ("old", Some(400))],
            overlap_ms: 100,
            after: &[("new", None), ("middle", Some(400)), ("old", Some(400))],
            new_from_ms: Some(0),
        });
    }

    #[test]
    fn a_rotation_without_overlap_ends_all_earlier_secrets() {
        for signature in [SINGLE, Signature::StandardWebhooks] {
            check(Row {
                name: "within another overlap",
                signature,
                before: &[("middle", None), ("old", Some(400))],
                overlap_ms: 0,
                after: &[("new", None)],
                new_from_ms: None,
            });
        }
    }

    #[test]
    fn a_secret_that_has_ended_is_dropped() {
        for signature in [SINGLE, Signature::StandardWebhooks] {
            check(Row {
                name: "an overlap that is over",
                signature: signature.clone(),
                before: &[("middle", None), ("old", Some(0))],
                overlap_ms: 600,
                after: &[("new", None), ("middle", Some(600))],
                new_from_ms: if signature.is_single() { Some(600) } else { Some(0) },
            });
            check(Row {
                name: "an unsigned webhook",
                signature,
                before: &[],
                overlap_ms: 600,
                after: &[("new", None)],
                new_from_ms: None,
            });
        }
    }
}
