//! The subscriptions of a tenant: one row for each pattern of a webhook, found by the pattern; one for its wide patterns of a
//! kind, found by the widest of that kind; and one row for the tenant, which counts webhooks and wide patterns and changes
//! with every change of a subscription.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::pattern;
use crate::ports::{Direction, Entry, Host, Storage};
use crate::store::commit::Commit;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Subscription, Subscriptions};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{SUBSCRIPTION_PAGE, WIDE_PATTERNS_PER_TENANT_MAX};

/// The webhooks of an event type, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The webhooks that select the type.
    pub webhooks: Vec<String>,
    /// The webhook up to which all were found. `None`: there are no further ones.
    pub through: Option<String>,
}

/// Returns the webhooks that select an event type, after the webhook `after`. `known` is the tenant's row. One page of each
/// range is read, so `through` may be less than all.
///
/// The ranges are read one after the other. A caller that needs one snapshot compares [`known_of`] before and after.
pub fn of<S: Storage + ?Sized>(
    storage: &S,
    tenant_part: &str,
    known: &Known,
    event_type: &str,
    after: Option<&str>,
) -> Result<Found, Error> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut through: Option<String> = None;
    for text in pattern::index_texts(event_type, known.wide > 0) {
        let range = keys::subscriptions_after(tenant_part, &text, after);
        let page = storage.scan(&range, SUBSCRIPTION_PAGE, Direction::Forward)?;
        let last = page.last().filter(|_| page.len() == SUBSCRIPTION_PAGE as usize);
        if let Some(last) = last.map(|entry| keys::last_part(&entry.key).to_owned()) {
            through = Some(through.map_or(last.clone(), |through| through.min(last)));
        }
        let selecting = page.iter().filter(|entry| selects(entry, &text, event_type));
        found.extend(selecting.map(|entry| keys::last_part(&entry.key).to_owned()));
    }
    let is_sure = |webhook: &String| through.as_ref().is_none_or(|through| webhook <= through);
    Ok(Found { webhooks: found.into_iter().filter(is_sure).collect(), through })
}

/// Returns true if the row under an index text selects an event type. Of a row that cannot be decoded, the text decides, unless
/// it stands for wide patterns.
fn selects(entry: &Entry, text: &str, event_type: &str) -> bool {
    let Ok(row) = rows::decode::<Subscription>(&entry.key, &entry.value) else { return !pattern::is_wide(text) };
    let matches = |pattern: &String| pattern::matches(pattern, event_type);
    (row.patterns.is_empty() || row.patterns.iter().any(matches)) && !row.excluded.iter().any(matches)
}

/// Returns the rows that make a webhook findable, by their keys.
fn rows_of(lane: &Lane, patterns: &[String]) -> BTreeMap<String, Subscription> {
    let mut found: BTreeMap<String, Subscription> = BTreeMap::new();
    let excluded: Vec<String> = patterns.iter().filter_map(|one| pattern::excluded(one)).map(str::to_owned).collect();
    for one in patterns.iter().filter(|one| pattern::excluded(one).is_none()) {
        let key = keys::subscription(lane.tenant_part(), &pattern::index_text(one), lane.webhook());
        let row = found.entry(key).or_insert_with(|| {
            // Of one event type, only the exclusions that match it matter.
            let matters = |exclusion: &&String| one.contains('*') || pattern::matches(exclusion, one);
            Subscription { patterns: Vec::new(), excluded: excluded.iter().filter(matters).cloned().collect() }
        });
        if pattern::is_wide(one) {
            row.patterns.push(one.clone());
        }
    }
    found
}

/// Returns the number of wide patterns in a list.
fn wide_of(patterns: &[String]) -> u32 {
    let wide = patterns.iter().filter(|one| pattern::excluded(one).is_none() && pattern::is_wide(one)).count();
    u32::try_from(wide).unwrap_or(u32::MAX)
}

/// A change of one webhook's patterns.
pub struct Change<'a> {
    /// The token of the commit.
    pub token: &'a str,
    /// Number of the tenant's webhooks after the change.
    pub webhooks: u32,
    /// The webhook's patterns before the change.
    pub before: &'a [String],
    /// The webhook's patterns after the change.
    pub now: &'a [String],
}

/// A tenant's row, as it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Number of the tenant's webhooks.
    pub webhooks: u32,
    /// Number of their wide patterns.
    pub wide: u32,
    version: Option<u64>,
}

/// Reads the rows of tenants. Their versions change with every change of the tenants' subscriptions. A tenant whose row cannot
/// be decoded is taken to have wide patterns.
pub fn known_of<S: Storage + ?Sized>(
    storage: &S,
    tenant_parts: &mut dyn Iterator<Item = &String>,
) -> Result<Vec<Known>, Error> {
    let keys: Vec<String> = tenant_parts.map(|tenant_part| keys::subscriptions(tenant_part)).collect();
    let known = |entry: Entry| {
        let unreadable = Known { webhooks: 0, wide: 1, version: Some(entry.version) };
        Known::of(&entry).unwrap_or(unreadable)
    };
    Ok(storage.get(&keys)?.into_iter().map(|entry| entry.map_or_else(Known::default, known)).collect())
}

impl Known {
    /// Reads a tenant's row.
    pub fn read(host: &dyn Host, tenant_part: &str) -> Result<Known, Error> {
        host.get_one(&keys::subscriptions(tenant_part))?.map_or_else(|| Ok(Known::default()), |entry| Known::of(&entry))
    }

    fn of(entry: &Entry) -> Result<Known, Error> {
        let Subscriptions { webhooks, wide, .. } = rows::decode(&entry.key, &entry.value)?;
        Ok(Known { webhooks, wide, version: Some(entry.version) })
    }

    /// Returns an error if the tenant has as many webhooks as it may have.
    pub fn check_room(&self, webhooks_max: u32) -> Result<(), Error> {
        if self.webhooks < webhooks_max {
            return Ok(());
        }
        let message = format!("the tenant has {} webhooks; {webhooks_max} are allowed", self.webhooks);
        Err(Error::of(ErrorKind::Conflict, message).hint("remove one that is not needed"))
    }

    /// Adds the change of one webhook's patterns, and of the counts, to a commit.
    ///
    /// Errors: `conflict` if the tenant would have more wide patterns than it may have.
    pub fn change(&self, commit: &mut Commit, lane: &Lane, change: &Change<'_>) -> Result<(), Error> {
        let Change { token, webhooks, before, now } = *change;
        let wide = self.wide.saturating_sub(wide_of(before)) + wide_of(now);
        if wide > WIDE_PATTERNS_PER_TENANT_MAX && wide_of(now) > wide_of(before) {
            let message = format!(
                "the tenant's webhooks would have {wide} patterns with `*` before the end; {WIDE_PATTERNS_PER_TENANT_MAX} are \
                 allowed"
            );
            let hint = "name the event types, or use patterns with `*` at the end alone: asset.*";
            return Err(Error::of(ErrorKind::Conflict, message).at("events").hint(hint));
        }
        let key = keys::subscriptions(lane.tenant_part());
        commit.check(&key, self.version);
        commit.put(key, rows::encode(&Subscriptions { token: token.to_owned(), webhooks, wide }));
        let (old, new) = (rows_of(lane, before), rows_of(lane, now));
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            commit.delete(key.clone());
        }
        for (key, row) in new.into_iter().filter(|(key, row)| old.get(key) != Some(row)) {
            commit.put(key, rows::encode(&row));
        }
        Ok(())
    }
}
