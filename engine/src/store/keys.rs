//! Every storage key, spelled and parsed here and nowhere else. `docs/storage-layout.md` is the map.
//!
//! A key is the name of a family and the parts that name a row in it, with `/` between them. Each file has the keys of one
//! subject. A *place* is where a scan goes on: a key, or the beginning of one.

mod families;
mod parts;
mod ranges;

mod attempts;
mod inboxes;
mod jobs;
mod lanes;
mod messages;
mod queues;
mod timers;
mod webhooks;

pub use attempts::{
    attempt, attempts_of_delivery, attempts_of_message, is_recent_place, lane_of_recent, parse_attempt, recent,
    recent_before, recent_between, recent_place,
};
pub use families::KeyFamily;
pub use inboxes::{inbox, inbox_accepted_ms, inbox_shards, parse_inbox, shard, shard_of};
pub use jobs::{erasure, erasures, job, jobs_after, redaction_job, retention_job};
pub use lanes::{Lane, health, lane, lanes_after, parse_lane};
pub use messages::{message, redacted, routed, routed_from};
pub use parts::{is_key, is_part, last_part, part, tenant_of};
pub use queues::{lane_of_queue, queue, queue_all, queue_due_ms, queue_from, queue_of_commit, retry};
pub use ranges::{TIME_MS_MAX, after_group, below, family_from, kept_at, next, tenant_from};
pub use timers::{is_timer, parse_timer, timer, timers_after};
pub use webhooks::{subscription, subscriptions, subscriptions_after, tenant, webhook, webhooks_after};

#[cfg(test)]
mod tests;
