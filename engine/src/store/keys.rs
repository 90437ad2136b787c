//! Every storage key, spelled and parsed here and nowhere else. `docs/storage-layout.md` is the map.

use crate::ports::KeyRange;
use crate::store::id;
use crate::support::limits::{EVENT_TYPE_BYTES_MAX, INBOX_SHARDS, TENANT_BYTES_MAX};

/// The longest part of a key, in bytes. A longer part is hashed.
const PART_BYTES_MAX: usize = 64;

/// The last time that keys can order, in milliseconds: in the year 2286.
pub const TIME_MS_MAX: u64 = 9_999_999_999_999;

/// Returns a tenant, an event type or a pattern as part of a key.
///
/// The characters `a-z 0-9 . -` stay, and others become `_` and two hexadecimal digits. A part that gets too long is hashed. No
/// two inputs share a part.
pub fn part(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => encoded.push(char::from(byte)),
            _ => {
                encoded.push('_');
                encoded.push_str(&hex::encode([byte]));
            }
        }
    }
    if encoded.len() > PART_BYTES_MAX { format!("__{}", id::derived("key-part", &[text])) } else { encoded }
}

/// Returns true if a text is a part of a key already, with nothing to encode.
pub fn is_part(text: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    (1..=PART_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// A lane: the queue of one webhook, as `<tenant part>/<webhook id>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane(String);

impl Lane {
    /// The lane of a webhook.
    pub fn of(tenant_part: &str, webhook: &str) -> Lane {
        Lane(format!("{tenant_part}/{webhook}"))
    }

    /// The tenant's part.
    pub fn tenant_part(&self) -> &str {
        self.0.split_once('/').map_or("", |(tenant, _)| tenant)
    }

    /// The webhook's id.
    pub fn webhook(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, webhook)| webhook)
    }

    /// Returns true if it names a job.
    pub fn is_job(&self) -> bool {
        self.webhook().starts_with("job_")
    }

    /// The lane as it stands in keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The row of a message.
pub fn message(tenant_part: &str, message: &str) -> String {
    format!("message/{tenant_part}/{message}")
}

/// The shard that a tenant's inbox belongs to.
pub fn shard_of(tenant_part: &str) -> u32 {
    let shard = id::derived_number("shard", &[tenant_part]) % u64::from(INBOX_SHARDS);
    u32::try_from(shard).unwrap_or(0)
}

/// The row of a message that is not routed yet. An inbox is in the order of acceptance.
pub fn inbox(shard: u32, accepted_us: u64, message: &str) -> String {
    format!("inbox/{shard:02}/{accepted_us:016}/{message}")
}

/// The shard and the message of an inbox row.
pub fn parse_inbox(key: &str) -> Option<(u32, &str)> {
    let mut parts = key.strip_prefix("inbox/")?.split('/');
    let shard = parts.next()?.parse().ok()?;
    parts.next()?;
    Some((shard, parts.next()?))
}

/// When the message of an inbox row was accepted, in milliseconds.
pub fn inbox_accepted_ms(key: &str) -> u64 {
    key.split('/').nth(2).and_then(|at| at.parse().ok()).map_or(0, |at_us: u64| at_us / 1_000)
}

/// The inbox rows of the shards `from` to `to`, without the latter.
pub fn inbox_shards(from: u32, to: u32) -> KeyRange {
    KeyRange { start: format!("inbox/{from:02}/"), end: format!("inbox/{to:02}/") }
}

/// The lease of a shard.
pub fn shard(shard: u32) -> String {
    format!("shard/{shard:02}")
}

/// The messages of a tenant whose routing one commit finished.
pub fn routed(tenant_part: &str, at_ms: u64, token: &str) -> String {
    format!("routed/{tenant_part}/{at_ms:013}/{token}")
}

/// The messages that routing finished for a tenant, from a key on.
pub fn routed_from(tenant_part: &str, key: &str) -> KeyRange {
    let whole = prefix(format!("routed/{tenant_part}/"));
    KeyRange { start: whole.start.max(key.to_owned()), end: whole.end }
}

/// The same, of messages whose contents have been dropped.
pub fn redacted(tenant_part: &str, at_ms: u64, token: &str) -> String {
    format!("redacted/{tenant_part}/{at_ms:013}/{token}")
}

/// The second part of a key: in most of them the tenant.
pub fn tenant_of(key: &str) -> &str {
    key.split('/').nth(1).unwrap_or_default()
}

/// From a place on all rows of its kind.
pub fn family_from(place: &str) -> KeyRange {
    let family = place.split('/').next().unwrap_or_default();
    KeyRange { start: place.to_owned(), end: after(family) }
}

/// From a place on all rows of its kind and its tenant.
pub fn tenant_from(place: &str) -> KeyRange {
    let family = place.split('/').next().unwrap_or_default();
    below(&format!("{family}/{}", tenant_of(place)), place)
}

/// Of a key that ends in a time and a token, what is before them, and the time.
pub fn kept_at(key: &str) -> Option<(&str, u64)> {
    let (place, _) = key.rsplit_once('/')?;
    let group = place.rfind('/')? + 1;
    Some((&key[..group], place[group..].parse().ok()?))
}

/// A place behind all times of such a group.
pub fn after_group(group: &str) -> String {
    format!("{group}z")
}

/// A job that no tenant has asked for: it is named by what it is for. No tenant is called `_` in keys.
pub fn own_job(purpose: &str) -> Lane {
    Lane::of("_", &format!("job_{}", id::derived("own-job", &[purpose])))
}

/// The messages that a job has marked, and no others, begin with this and `/`.
pub fn erasures(job: &Lane) -> String {
    format!("erasure/{}", job.as_str())
}

/// A message that a job has marked.
pub fn erasure(job: &Lane, message: &str) -> String {
    format!("{}/{message}", erasures(job))
}

/// The family of rows that list messages without content.
pub const REDACTED: &str = "redacted";
/// The family of jobs.
pub const JOBS: &str = "job";
/// The family of rows that index attempts by webhook.
pub const RECENT: &str = "recent";
/// The family of rows that list routed messages.
pub const ROUTED: &str = "routed";

/// The family of a key.
pub fn family_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(family, _)| family)
}

/// The place before a tenant's first message.
pub fn messages_of_tenant(tenant_part: &str) -> String {
    format!("message/{tenant_part}")
}

/// The place before the first row of a tenant's queues.
pub fn queues_of_tenant(tenant_part: &str) -> String {
    format!("queue/{tenant_part}")
}

/// The place before the first row that indexes a tenant's attempts.
pub fn recent_of_tenant(tenant_part: &str) -> String {
    format!("recent/{tenant_part}")
}

/// The place before the first row that lists a tenant's routed messages.
pub fn routed_of_tenant(tenant_part: &str) -> String {
    format!("routed/{tenant_part}")
}

/// The place before the first row that lists a tenant's messages without content.
pub fn redacted_of_tenant(tenant_part: &str) -> String {
    format!("redacted/{tenant_part}")
}

/// From a place on all rows below another one.
pub fn below(of: &str, place: &str) -> KeyRange {
    let whole = prefix(format!("{of}/"));
    KeyRange { start: whole.start.max(place.to_owned()), end: whole.end }
}

/// The lane of a queue's row.
pub fn lane_of_queue(key: &str) -> Option<Lane> {
    let mut parts = key.strip_prefix("queue/")?.split('/');
    Some(Lane::of(parts.next()?, parts.next()?))
}

/// The lane of a record of attempts.
pub fn lane_of_recent(key: &str) -> Option<Lane> {
    let mut parts = key.strip_prefix("recent/")?.split('/');
    Some(Lane::of(parts.next()?, parts.next()?))
}

/// A job. It is named like a lane, and brought to a pump by timers of that name.
pub fn job(job: &Lane) -> String {
    format!("job/{}", job.as_str())
}

/// A tenant's jobs, after this one.
pub fn jobs_after(tenant_part: &str, job: Option<&str>) -> KeyRange {
    let whole = prefix(format!("job/{tenant_part}/"));
    match job {
        Some(job) => KeyRange { start: next(&format!("{}{job}", whole.start)), end: whole.end },
        None => whole,
    }
}

/// The row that makes a webhook findable by one of its patterns.
pub fn subscription(tenant_part: &str, pattern: &str, webhook: &str) -> String {
    format!("subscription/{tenant_part}/{}/{webhook}", part(pattern))
}

/// The webhooks of a pattern, after this one.
pub fn subscriptions_after(tenant_part: &str, pattern: &str, webhook: Option<&str>) -> KeyRange {
    let whole = prefix(format!("subscription/{tenant_part}/{}/", part(pattern)));
    match webhook {
        Some(webhook) => KeyRange { start: next(&format!("{}{webhook}", whole.start)), end: whole.end },
        None => whole,
    }
}

/// The row that counts a tenant's webhooks and changes with their patterns.
pub fn subscriptions(tenant_part: &str) -> String {
    format!("subscriptions/{tenant_part}")
}

/// The row of a tenant's settings.
pub fn tenant(tenant_part: &str) -> String {
    format!("tenant/{tenant_part}")
}

/// The last part of a key.
pub fn last_part(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, last)| last)
}

/// A registration.
pub fn webhook(lane: &Lane) -> String {
    format!("webhook/{}", lane.as_str())
}

/// A tenant's registrations, after this one.
pub fn webhooks_after(tenant_part: &str, webhook: Option<&str>) -> KeyRange {
    let whole = prefix(format!("webhook/{tenant_part}/"));
    match webhook {
        Some(webhook) => KeyRange { start: next(&format!("{}{webhook}", whole.start)), end: whole.end },
        None => whole,
    }
}

/// A group of deliveries.
pub fn queue(lane: &Lane, due_ms: u64, group: &str) -> String {
    format!("queue/{}/{due_ms:013}/{group}", lane.as_str())
}

/// The row of a delivery that waits alone, for an attempt after its first.
pub fn retry(lane: &Lane, due_ms: u64, message: &str, number: u32) -> String {
    queue(lane, due_ms, &format!("{message}.{number:04}"))
}

/// The time of a queue row.
pub fn queue_due_ms(key: &str) -> Option<u64> {
    key.split('/').nth(3)?.parse().ok()
}

/// All of a lane's queue.
pub fn queue_all(lane: &Lane) -> KeyRange {
    prefix(format!("queue/{}/", lane.as_str()))
}

/// The rows that one routing commit put into a lane's queue at this time.
pub fn queue_of_commit(lane: &Lane, queued_ms: u64, token: &str) -> KeyRange {
    // Two digits follow the dot in a key, and `/` is the character after the dot.
    let at = |next: &str| queue(lane, queued_ms, &format!("{token}{next}"));
    KeyRange { start: at("."), end: at("/") }
}

/// A timer.
pub fn timer(due_ms: u64, lane: &Lane, token: &str) -> String {
    format!("timer/{due_ms:013}/{}/{token}", lane.as_str())
}

/// The time and the lane of a timer.
pub fn parse_timer(key: &str) -> Option<(u64, Lane)> {
    let mut parts = key.strip_prefix("timer/")?.split('/');
    let due_ms = parts.next()?.parse().ok()?;
    Some((due_ms, Lane::of(parts.next()?, parts.next()?)))
}

/// All timers after this key.
pub fn timers_after(key: Option<&str>) -> KeyRange {
    KeyRange { start: key.map_or_else(|| "timer/".to_owned(), next), end: after("timer/") }
}

/// A lane's lease.
pub fn lane(lane: &Lane) -> String {
    format!("lane/{}", lane.as_str())
}

/// All leases of lanes after this key.
pub fn lanes_after(key: Option<&str>) -> KeyRange {
    KeyRange { start: key.map_or_else(|| "lane/".to_owned(), next), end: after("lane/") }
}

/// The lane of a lease.
pub fn parse_lane(key: &str) -> Option<Lane> {
    let (tenant_part, webhook) = key.strip_prefix("lane/")?.split_once('/')?;
    Some(Lane::of(tenant_part, webhook))
}

/// A lane's health.
pub fn health(lane: &Lane) -> String {
    format!("health/{}", lane.as_str())
}

/// An attempt.
pub fn attempt(lane: &Lane, message: &str, number: u32) -> String {
    format!("attempt/{}/{message}/{}/{number:04}", lane.tenant_part(), lane.webhook())
}

/// All attempts of a delivery.
pub fn attempts_of_delivery(lane: &Lane, message: &str) -> KeyRange {
    prefix(format!("attempt/{}/{message}/{}/", lane.tenant_part(), lane.webhook()))
}

/// The webhook and the number of an attempt.
pub fn parse_attempt(key: &str) -> Option<(&str, u32)> {
    let mut parts = key.strip_prefix("attempt/")?.split('/').skip(2);
    Some((parts.next()?, parts.next()?.parse().ok()?))
}

/// All attempts of a message.
pub fn attempts_of_message(tenant_part: &str, message: &str) -> KeyRange {
    prefix(format!("attempt/{tenant_part}/{message}/"))
}

/// The row that indexes the attempts which one commit recorded.
pub fn recent(lane: &Lane, at_ms: u64, token: &str) -> String {
    format!("recent/{}/{at_ms:013}/{token}", lane.as_str())
}

/// A lane's records before this place, a part of a key as [`recent_place`] gives it.
pub fn recent_before(lane: &Lane, place: Option<&str>) -> KeyRange {
    let whole = prefix(format!("recent/{}/", lane.as_str()));
    match place {
        Some(place) => KeyRange { end: next(&format!("{}{place}", whole.start)), start: whole.start },
        None => whole,
    }
}

/// A lane's records from one time to another, the latter included.
pub fn recent_between(lane: &Lane, (from_ms, to_ms): (u64, u64)) -> KeyRange {
    let at = |ms: u64| format!("recent/{}/{ms:013}/", lane.as_str());
    KeyRange { start: at(from_ms), end: at(to_ms.saturating_add(1)) }
}

/// The part of an index row's key after the lane.
pub fn recent_place<'a>(lane: &Lane, key: &'a str) -> Option<&'a str> {
    key.strip_prefix("recent/")?.strip_prefix(lane.as_str())?.strip_prefix('/')
}

fn prefix(start: String) -> KeyRange {
    KeyRange { end: after(&start), start }
}

/// The first key after all that begin with this prefix, which ends in `/`: `0` follows `/`.
fn after(prefix: &str) -> String {
    format!("{}0", prefix.trim_end_matches('/'))
}

/// The smallest key greater than this one: `-` is the first character that a key may have.
pub fn next(key: &str) -> String {
    format!("{key}-")
}

const _: () = assert!(TENANT_BYTES_MAX <= 64 && EVENT_TYPE_BYTES_MAX <= 128, "parts are bounded by their encoding");
const _: () = assert!(INBOX_SHARDS <= 100, "a shard is two digits");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::limits::KEY_BYTES_MAX;

    #[test]
    fn parts_are_injective_and_short() {
        for (text, encoded) in [("acme", "acme"), ("Acme/1", "_41cme_2f1"), ("asset.*", "asset._2a"), ("a_b", "a_5fb")]
        {
            assert_eq!(part(text), encoded);
        }
        assert_ne!(part(&"É".repeat(32)), part(&"É".repeat(31)));
        assert_eq!(part(&"É".repeat(32)).len(), 28);
    }

    #[test]
    fn the_longest_keys_fit() {
        let lane = Lane::of(&"a".repeat(64), &format!("wh_{}", "a".repeat(26)));
        let message = format!("msg_{}", "a".repeat(26));
        for key in [
            timer(9_999_999_999_999, &lane, &"a".repeat(26)),
            queue(&lane, 9_999_999_999_999, &format!("{message}.99")),
            subscription(lane.tenant_part(), &"a".repeat(64), lane.webhook()),
            attempt(&lane, &message, 99),
        ] {
            assert!(key.len() < KEY_BYTES_MAX - 60, "{key}");
        }
    }

    #[test]
    fn ranges_hold_what_they_name() {
        let lane = Lane::of("acme", "wh_a");
        let inside = |range: &KeyRange, key: &str| range.start.as_str() <= key && key < range.end.as_str();
        assert!(inside(&queue_all(&lane), &queue(&lane, 9_999_999_999_999, "zz")));
        assert!(!inside(&queue_all(&lane), &queue(&Lane::of("acme", "wh_ab"), 1, "a")));
        assert!(!inside(&subscriptions_after("t", "*", Some("wh_b")), &subscription("t", "*", "wh_b")));
        assert!(inside(&subscriptions_after("t", "*", Some("wh_b")), &subscription("t", "*", "wh_c")));
        assert!(inside(&queue_of_commit(&lane, 7, "t"), &queue(&lane, 7, "t.03")));
        assert!(!inside(&queue_of_commit(&lane, 7, "t"), &queue(&lane, 7, "ta.03")));
        assert!(
            !inside(&routed_from("t", "webhook/t/a"), "webhook/t/b")
                && inside(&routed_from("t", ""), &routed("t", 0, "x"))
        );
        assert!(inside(&recent_between(&lane, (7, 9)), &recent(&lane, 9, "z")));
        assert!(!inside(&recent_between(&lane, (7, 9)), &recent(&lane, 10, "-")));
        assert!(inside(&timers_after(None), &timer(0, &lane, "x")));
        assert!(!inside(&timers_after(Some(&timer(7, &lane, "x"))), &timer(7, &lane, "x")));
    }

    #[test]
    fn what_is_spelled_is_parsed() {
        let lane = Lane::of(&part("T"), "wh_a");
        assert_eq!(parse_timer(&timer(7, &lane, "x")), Some((7, lane.clone())));
        assert_eq!(parse_inbox(&inbox(3, 7, "msg_x")), Some((3, "msg_x")));
        assert_eq!(inbox_accepted_ms(&inbox(3, 7_999, "msg_x")), 7);
        assert_eq!(queue_due_ms(&queue(&lane, 7, "x")), Some(7));
        assert_eq!(parse_attempt(&attempt(&lane, "msg_x", 2)), Some(("wh_a", 2)));
        assert_eq!(recent_place(&lane, &recent(&lane, 7, "x")), Some("0000000000007/x"));
    }
}
