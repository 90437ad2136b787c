//! Reads a webhook's attempts by the rows that index them.

use crate::api::paging::{bad_cursor, check_limit};
use crate::api::view::{self, Page};
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::stored::read_webhook;
use crate::ports::{Direction, Entry, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, Recent, RecordedAttempt};
use crate::support::error::Error;

/// Returns a page of a webhook's attempts, newest first.
pub fn attempts(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    webhook: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<String, Error> {
    let lane = webhooks::lane(tenant, webhook)?;
    let limit = check_limit(limit)?;
    let place = |cursor| Place::parse(cursor).ok_or_else(|| bad_cursor(cursor));
    let from = cursor.map(place).transpose()?;
    if cursor.is_none() {
        read_webhook(host, &lane)?;
    }
    let listed = list(host, &lane, from, limit)?;
    let keys: Vec<String> =
        listed.attempts.iter().map(|attempt| keys::attempt(&lane, &attempt.message, attempt.number)).collect();
    let entries = host.get(&keys)?;
    let shown = |(listed, entry): (&RecordedAttempt, Option<Entry>)| {
        // An attempt that retention has removed since is left out, also if its message was reported again. So is a row that
        // cannot be decoded.
        let entry = entry?;
        let attempt = rows::decode::<Attempt>(&entry.key, &entry.value).ok().filter(|attempt| listed.is_of(attempt))?;
        Some(view::attempt(lane.webhook(), &listed.message, listed.number, &attempt))
    };
    let data = listed.attempts.iter().zip(entries).filter_map(shown).collect();
    view::text(&Page { data, next_cursor: listed.next.map(|place| place.cursor()) })
}

/// The attempts of a page, and the place at which the next page begins.
struct Listed {
    attempts: Vec<RecordedAttempt>,
    next: Option<Place>,
}

/// Lists attempts from a place on, the newest first.
///
/// Each index row names at least one attempt, so one row more than the page has attempts is enough.
fn list(host: &dyn Host, lane: &Lane, from: Option<Place>, limit: u32) -> Result<Listed, Error> {
    let range = keys::recent_before(lane, from.as_ref().map(|from| from.row.as_str()));
    let page = host.scan(&range, limit + 1, Direction::Reverse)?;
    let mut attempts: Vec<RecordedAttempt> = Vec::new();
    let mut skip = from.map_or(0, |from| from.shown);
    let mut end = None;
    for entry in &page {
        let row = keys::recent_place(lane, &entry.key).unwrap_or_default().to_owned();
        let recent = rows::decode::<Recent>(&entry.key, &entry.value).map_or(Vec::new(), |recent| recent.attempts);
        let of_row = recent.len();
        for (index, attempt) in recent.into_iter().rev().enumerate().skip(std::mem::take(&mut skip)) {
            if attempts.len() == limit as usize {
                return Ok(Listed { attempts, next: Some(Place { row, shown: index }) });
            }
            attempts.push(attempt);
        }
        end = Some(Place { row, shown: of_row });
    }
    // A row that named nothing leaves room in the page although more rows may follow.
    Ok(Listed { attempts, next: end.filter(|_| page.len() > limit as usize) })
}

/// The place of an attempt in a webhook's index: the row `<ms>/<token>`, and how many of its attempts stand before it.
struct Place {
    row: String,
    shown: usize,
}

impl Place {
    /// Parses a cursor, `<ms>/<token>/<count>`.
    fn parse(cursor: &str) -> Option<Place> {
        let (row, shown) = cursor.rsplit_once('/')?;
        keys::is_recent_place(row).then_some(())?;
        Some(Place { row: row.to_owned(), shown: shown.parse().ok()? })
    }

    /// Returns the text that [`Place::parse`] reads.
    fn cursor(&self) -> String {
        format!("{}/{}", self.row, self.shown)
    }
}
