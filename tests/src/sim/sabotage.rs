//! Breaks the protocol on purpose, between the engine and its store, one rule at a time, because a checker that has
//! never seen its fault proves nothing. The checkers must notice.

use hookwright_engine::ports::{
    Check, Clock, Direction, Entropy, Entry, Host, Http, KeyRange, Log, Mutation, Request, Storage, StorageError,
    WaitResult,
};

use super::job::Job;

mod kind;
mod rules;

mod order;

pub use rules::{Outcome, Sabotage};

use kind::{Kind, kind_of};

/// The outside, with one rule broken.
pub struct Sabotaged<'a> {
    host: &'a dyn Host,
    sabotage: Sabotage,
    delivers: bool,
    redelivers: bool,
}

impl<'a> Sabotaged<'a> {
    /// Returns the outside with this rule broken, for this call.
    pub fn new(host: &'a dyn Host, sabotage: Sabotage, job: &Job) -> Sabotaged<'a> {
        let (delivers, redelivers) = (matches!(job, Job::Deliver(_)), matches!(job, Job::Redeliver { .. }));
        Sabotaged { host, sabotage, delivers, redelivers }
    }
}

impl std::fmt::Debug for Sabotaged<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sabotaged").field("sabotage", &self.sabotage).finish_non_exhaustive()
    }
}

impl Storage for Sabotaged<'_> {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        let mut entries = self.host.get(keys)?;
        if self.sabotage == Sabotage::SkipSecondReading && self.delivers {
            // A comparison of two versions of these rows finds them equal.
            entries
                .iter_mut()
                .flatten()
                .filter(|entry| entry.key.starts_with("subscriptions/"))
                .for_each(|entry| entry.version = 1);
        }
        if self.sabotage == Sabotage::LookFurther && !self.delivers {
            entries.iter_mut().zip(keys).for_each(|(entry, key)| self.look_further(entry, key));
        }
        if self.sabotage == Sabotage::ForgetPace && self.delivers {
            entries.iter_mut().flatten().for_each(|entry| entry.value = entry.value.replace("freeAtUs", "freeAtUs-"));
        }
        let now_ms = self.host.now_us() / 1_000;
        if self.sabotage == Sabotage::CloseLanes && self.delivers && (now_ms / 120_000).is_multiple_of(2) {
            let leased = format!("\"untilMs\":{}", now_ms + 30_000);
            let lanes = entries.iter_mut().flatten().filter(|entry| entry.key.starts_with("lane/"));
            lanes.for_each(|entry| entry.value = entry.value.replace("\"untilMs\":0", &leased));
        }
        if self.sabotage == Sabotage::KeepSecrets {
            entries
                .iter_mut()
                .flatten()
                .filter(|entry| entry.key.starts_with("webhook/"))
                .for_each(|entry| entry.value = entry.value.replace("\"untilMs\":1", "\"untilMs\":9"));
        }
        if self.sabotage == Sabotage::ShowStatus && self.delivers {
            entries.iter_mut().flatten().filter(|entry| entry.key.starts_with("attempt/")).for_each(show_status);
        }
        if self.delivers {
            let webhooks = entries.iter_mut().flatten().filter(|entry| entry.key.starts_with("webhook/"));
            webhooks.for_each(|entry| {
                switch(self.sabotage, &mut entry.value);
                strip(self.sabotage, &mut entry.value);
            });
        }
        Ok(entries)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        let entries = self.host.scan(range, order::limit(self.sabotage, range, limit, order), order)?;
        Ok(order::shown(self.sabotage, range, limit, order, entries))
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        let kind = if self.redelivers { Kind::Asked } else { kind_of(checks, mutations) };
        if splits(self.sabotage, kind) && mutations.len() > 1 {
            return self.commit_in_two(checks, mutations);
        }
        let checks: Vec<Check> =
            checks.iter().filter(|check| !skips(self.sabotage, kind, &check.key, mutations)).cloned().collect();
        let mut dropped = Vec::new();
        let mut kept = Vec::new();
        for mutation in mutations {
            if forgets(self.sabotage, kind, mutation, mutations) {
                dropped.push(mutation.key());
                continue;
            }
            if let Some(others) = order::instead(self.sabotage, kind, &checks, mutation) {
                kept.extend(others);
                continue;
            }
            kept.push(match self.sabotage {
                Sabotage::DeleteGroup => delete_instead(&checks, mutation),
                Sabotage::ForgetQuarantine => without_quarantine(mutation),
                Sabotage::ForgetRecorded => without_recorded(mutation),
                _ => mutation.clone(),
            });
        }
        let versions = self.host.commit(&checks, &kept)?;
        Ok(versions_as_expected(mutations, &kept, &versions))
    }
}

impl Sabotaged<'_> {
    /// Looks for a missing row among the rows of all tenants.
    fn look_further(&self, entry: &mut Option<Entry>, key: &str) {
        let parts: Vec<&str> = key.split('/').collect();
        if let ([family @ ("message" | "webhook"), _, id], None) = (&parts[..], &entry) {
            let range = KeyRange { start: format!("{family}/"), end: format!("{family}0") };
            let all = self.host.scan(&range, 1_000, Direction::Forward).unwrap_or_default();
            *entry = all.into_iter().find(|found| found.key.ends_with(id));
        }
    }

    /// The first half with all the checks that it can carry, and the rest afterwards, as it comes.
    fn commit_in_two(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        let (first, second) = mutations.split_at(mutations.len().div_ceil(2));
        let in_second = |key: &str| second.iter().any(|mutation| mutation.key() == key);
        let (late, early): (Vec<Check>, Vec<Check>) =
            checks.iter().cloned().partition(|check| check.version.is_none() && in_second(&check.key));
        let mut versions = self.host.commit(&early, first)?;
        versions.extend(self.host.commit(&late, second)?);
        Ok(versions)
    }
}

/// The engine expects a version for each row that it put; a forgotten one gets a number that no row has.
fn versions_as_expected(asked: &[Mutation], done: &[Mutation], versions: &[u64]) -> Vec<u64> {
    let put = |mutation: &&Mutation| matches!(mutation, Mutation::Put { .. });
    let mut given: Vec<(&str, u64)> = Vec::new();
    for (mutation, version) in done.iter().filter(put).zip(versions) {
        given.push((mutation.key(), *version));
    }
    let version = |key: &str| given.iter().find(|(given, _)| *given == key).map_or(u64::MAX, |(_, version)| *version);
    asked.iter().filter(put).map(|mutation| version(mutation.key())).collect()
}

fn splits(sabotage: Sabotage, kind: Kind) -> bool {
    match sabotage {
        Sabotage::SplitAccept => kind == Kind::Accept,
        Sabotage::SplitRoute => kind == Kind::Route,
        Sabotage::SplitClaim => kind == Kind::Claim,
        Sabotage::SplitSettle => kind == Kind::Settle,
        Sabotage::SplitRelease => kind == Kind::Release,
        Sabotage::SplitRegistration => kind == Kind::Registration,
        Sabotage::SplitAsked => kind == Kind::Asked,
        Sabotage::SplitJob => kind == Kind::Job,
        _ => false,
    }
}

fn skips(sabotage: Sabotage, kind: Kind, key: &str, mutations: &[Mutation]) -> bool {
    let lane = key.starts_with("lane/");
    let put = || mutations.iter().any(|mutation| mutation.key() == key);
    match sabotage {
        Sabotage::ForgetAskedMessage => kind == Kind::Asked && key.starts_with("message/"),
        Sabotage::SkipJobCheck => kind == Kind::Job && key.starts_with("job/"),
        Sabotage::SkipMessageCheck => kind == Kind::Accept && key.starts_with("message/"),
        Sabotage::SkipInboxCheck => kind == Kind::Route && key.starts_with("inbox/"),
        Sabotage::SkipShardCheck => key.starts_with("shard/"),
        Sabotage::SkipInboxAndShardCheck if kind == Kind::Asked => false,
        Sabotage::SkipInboxAndShardCheck => key.starts_with("inbox/") || key.starts_with("shard/"),
        Sabotage::SkipRouteLeasedLaneCheck => kind == Kind::Route && lane && !put(),
        Sabotage::SkipRouteTakenLaneCheck => kind == Kind::Route && lane && put(),
        Sabotage::SkipClaimLaneCheck => kind == Kind::Claim && lane,
        Sabotage::SkipSettleLaneCheck => kind == Kind::Settle && lane,
        Sabotage::SkipQueueCheck => kind == Kind::Settle && key.starts_with("queue/"),
        Sabotage::SkipReleaseLaneCheck => kind == Kind::Release && lane,
        Sabotage::SkipQuarantinedCheck => kind == Kind::Name,
        Sabotage::SkipWebhookCheck => key.starts_with("webhook/"),
        Sabotage::SkipSubscriptionsCheck => key.starts_with("subscriptions/"),
        Sabotage::SkipAskedAttemptCheck => kind == Kind::Asked && key.starts_with("attempt/"),
        Sabotage::SkipAskedQueueCheck => kind == Kind::Asked && key.starts_with("queue/"),
        Sabotage::SkipAskedInboxCheck => kind == Kind::Asked && key.starts_with("inbox/"),
        _ => false,
    }
}

/// Returns true if it is a step of a job that sends nothing again.
fn asks_nothing(kind: Kind, mutations: &[Mutation]) -> bool {
    let redelivers = |mutation: &Mutation| matches!(mutation, Mutation::Put { key, .. } if key.starts_with("attempt/"));
    kind == Kind::Job && !mutations.iter().any(redelivers)
}

/// Returns true if it is such a step, and removes messages or their contents.
fn removes(kind: Kind, mutations: &[Mutation]) -> bool {
    asks_nothing(kind, mutations) && mutations.iter().any(|mutation| mutation.key().starts_with("message/"))
}

fn forgets(sabotage: Sabotage, kind: Kind, mutation: &Mutation, mutations: &[Mutation]) -> bool {
    if sabotage == Sabotage::ForgetAskedDelete {
        return kind == Kind::Asked && matches!(mutation, Mutation::Delete { .. });
    }
    if sabotage == Sabotage::KeepArmedTimer {
        let delete = matches!(mutation, Mutation::Delete { key } if key.starts_with("timer/"));
        return delete && matches!(kind, Kind::Release | Kind::Settle);
    }
    let key = mutation.key();
    match sabotage {
        Sabotage::ForgetErasedInbox => return removes(kind, mutations) && key.starts_with("inbox/"),
        Sabotage::ForgetErasedQueue => return asks_nothing(kind, mutations) && key.starts_with("queue/"),
        Sabotage::ForgetRemovedAttempts => return removes(kind, mutations) && key.starts_with("attempt/"),
        _ => (),
    }
    let Mutation::Put { key, value } = mutation else { return false };
    let unregisters =
        || mutations.iter().any(|other| matches!(other, Mutation::Delete { key } if key.starts_with("webhook/")));
    let timer = key.starts_with("timer/");
    let armed = || {
        mutations.iter().any(|other| {
            matches!(other, Mutation::Put { key: lane, value } if lane.starts_with("lane/") && value.contains(key.as_str()))
        })
    };
    match sabotage {
        Sabotage::ForgetInbox => kind == Kind::Accept && key.starts_with("inbox/"),
        Sabotage::ForgetRouteTimer => kind == Kind::Route && timer && !armed(),
        Sabotage::ForgetRouteArmedTimer => kind == Kind::Route && timer && armed(),
        Sabotage::ForgetClaimTimer => kind == Kind::Claim && timer,
        Sabotage::ForgetReleaseTimer => matches!(kind, Kind::Release | Kind::Settle) && timer,
        Sabotage::ForgetJobAsk => kind == Kind::Job && key.starts_with("queue/"),
        Sabotage::ForgetJobTimer => kind == Kind::Job && timer,
        // A delivery that keeps its place in strict order has no row of its own.
        Sabotage::ForgetRetryRow => kind == Kind::Settle && is_retry(key) && !value.contains("\"dueMs\":"),
        Sabotage::ForgetDisable => kind == Kind::Settle && key.starts_with("webhook/") && !value.contains("\"paused: "),
        Sabotage::ForgetRouted => key.starts_with("routed/"),
        Sabotage::ForgetAskedTimer => kind == Kind::Asked && timer,
        Sabotage::ForgetErasureRow => key.starts_with("erasure/"),
        Sabotage::ForgetAskedMessage => kind == Kind::Asked && key.starts_with("message/"),
        Sabotage::ForgetAskedInbox => kind == Kind::Asked && key.starts_with("inbox/"),
        Sabotage::ForgetQuarantined => kind == Kind::Name,
        Sabotage::ForgetUnregisterTimer => kind == Kind::Registration && timer && unregisters(),
        Sabotage::ForgetSwitchTimer => kind == Kind::Registration && timer && !unregisters(),
        _ => false,
    }
}

/// A retry's group is `<message>.<number>`.
fn is_retry(key: &str) -> bool {
    key.starts_with("queue/")
        && key.rsplit('/').next().is_some_and(|group| group.starts_with("msg_") && group.contains('.'))
}

/// An attempt with another status looks as if its receiver had responded 503.
fn show_status(attempt: &mut Entry) {
    let Some((before, after)) = attempt.value.split_once("\"status\":") else { return };
    let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
    attempt.value = format!("{before}\"status\":503{after}");
}

/// A webhook that is switched off looks switched on, or the other way round. One that is paused looks as if it were not, or as
/// if its pause did not end.
fn switch(sabotage: Sabotage, webhook: &mut String) {
    let (on, off) = ("\"active\":true", "\"active\":false");
    match sabotage {
        Sabotage::KeepActive => *webhook = webhook.replace(off, on),
        Sabotage::KeepInactive => *webhook = webhook.replace(on, off),
        Sabotage::IgnorePause => *webhook = webhook.replace("\"pausedUntilMs\"", "\"pausedUntilMs-\""),
        Sabotage::ExtendPause => *webhook = webhook.replace("\"pausedUntilMs\":1", "\"pausedUntilMs\":9"),
        _ => (),
    }
}

/// A webhook looks as if it had no earlier secrets, or did not set statuses.
fn strip(sabotage: Sabotage, webhook: &mut String) {
    let field = match sabotage {
        Sabotage::ForgetOverlap => "secrets",
        Sabotage::ForgetFinalStatuses => "finalStatuses",
        Sabotage::ForgetSuccessStatuses => "successStatuses",
        _ => return,
    };
    let Ok(mut row) = serde_json::from_str::<serde_json::Value>(webhook) else { return };
    match row.get_mut(field) {
        Some(serde_json::Value::Array(secrets)) if field == "secrets" => secrets.truncate(1),
        Some(statuses) => *statuses = serde_json::Value::Null,
        None => return,
    }
    *webhook = row.to_string();
}

/// Drops the quarantine record of a lane whenever its row is put.
fn without_quarantine(mutation: &Mutation) -> Mutation {
    match mutation {
        Mutation::Put { key, value } if key.starts_with("lane/") => {
            let end = value.find(",\"quarantine\"").unwrap_or(value.len() - 1);
            Mutation::Put { key: key.clone(), value: format!("{}}}", &value[..end]) }
        }
        _ => mutation.clone(),
    }
}

/// Drops the number of records since the lane's last lease that ran out.
fn without_recorded(mutation: &Mutation) -> Mutation {
    match mutation {
        Mutation::Put { key, value } if key.starts_with("lane/") => {
            let (before, after) = value.split_once(",\"recorded\":").unwrap_or((value.as_str(), ""));
            let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            Mutation::Put { key: key.clone(), value: format!("{before}{after}") }
        }
        _ => mutation.clone(),
    }
}

fn delete_instead(checks: &[Check], mutation: &Mutation) -> Mutation {
    let key = mutation.key();
    if key.starts_with("queue/") && checks.iter().any(|check| check.key == key) {
        return Mutation::Delete { key: key.to_owned() };
    }
    mutation.clone()
}

impl Http for Sabotaged<'_> {
    fn submit(&self, requests: Vec<Request>) {
        self.host.submit(requests);
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let mut waited = self.host.wait(timeout_ms);
        if self.sabotage == Sabotage::ForgetCompletion && self.delivers {
            waited.completions.pop();
        }
        waited
    }
}

impl Clock for Sabotaged<'_> {
    fn now_us(&self) -> u64 {
        self.host.now_us()
    }

    fn accept_us(&self, events: u64) -> u64 {
        self.host.accept_us(events)
    }
}

impl Log for Sabotaged<'_> {}

impl Entropy for Sabotaged<'_> {
    fn fill(&self, buffer: &mut [u8]) {
        self.host.fill(buffer);
    }
}
