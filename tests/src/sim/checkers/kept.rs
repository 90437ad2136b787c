//! Judges what goes: nothing that waits, nothing too early, all that was asked for, and no trace of it.

use std::collections::BTreeSet;

use hookwright_engine::ports::Mutation;

use super::{Failure, ensure};
use crate::sim::kept::{Tombstone, remembers};
use crate::sim::model::{Message, Model};
use crate::sim::store::SimStore;
use crate::sim::touched::Touched;

/// The rows of messages.
const FAMILIES: [&str; 7] = ["message/", "attempt/", "recent/", "routed/", "redacted/", "erasure/", "inbox/"];

/// Judges a commit, before what it removes is forgotten. Jobs that ended after `old_us` are too young to go.
pub fn removed(model: &Model, touched: &Touched, now_us: u64, retention_us: u64, old_us: u64) -> Result<(), Failure> {
    for message in touched.gone.iter().chain(&touched.tombstoned) {
        let wanted = model.still_wanted(message, now_us, retention_us);
        ensure(wanted.is_none(), "kept", || format!("{message} goes: {}", wanted.unwrap_or_default()))?;
    }
    for message in &touched.tombstoned {
        let known = &model.messages[message];
        let asked = |(job, (tenant, subject, _)): (&String, &(String, u64, u64))| {
            *tenant == known.tenant_part && Some(*subject) == known.subject && concerns(model, job, known)
        };
        let asked = known.tombstone != Some(Tombstone::Erased) || model.kept.jobs.iter().any(asked);
        ensure(asked, "erased", || format!("nobody asked for {message} to be erased: {known:?}"))?;
    }
    for message in &touched.redacted {
        let wanted = model.still_wanted(message, now_us, 0);
        ensure(wanted.is_none(), "kept", || format!("{message} loses its content: {}", wanted.unwrap_or_default()))?;
        let tenant = &model.messages[message].tenant_part;
        ensure(model.kept.kept_none.contains(tenant), "kept", || format!("'{tenant}' keeps the content of {message}"))?;
    }
    for (message, number) in &touched.unlogged {
        let goes =
            touched.gone.contains(message) || model.messages.get(message).is_none_or(|known| known.tombstone.is_some());
        ensure(goes, "kept", || format!("attempt {number} of {message} goes without it"))?;
    }
    for (id, job) in &touched.jobs_gone {
        let old = job.ended_at_ms.is_some_and(|ended_at_ms| ended_at_ms * 1_000 <= old_us);
        ensure(old, "kept", || format!("job {id} goes: {job:?}"))?;
    }
    for (lane, message) in touched.new.iter() {
        let tombstone = model.messages.get(message).and_then(|known| known.tombstone);
        ensure(tombstone.is_none(), "erased", || format!("{message} is new for {lane} and has a tombstone"))?;
    }
    for (lane, message, _) in touched.asked.iter() {
        let tombstone = model.messages.get(message).and_then(|known| known.tombstone);
        ensure(tombstone.is_none(), "erased", || format!("{message} is asked for by {lane} and has a tombstone"))?;
    }
    Ok(())
}

/// Nothing that was put names a message that has been erased; and right after it has been, nothing else does.
pub fn leaves_no_trace(
    model: &Model,
    store: &SimStore,
    forgotten: &[String],
    mutations: &[Mutation],
) -> Result<(), Failure> {
    let gone = |message: &str| !model.messages.contains_key(message);
    for message in forgotten.iter().filter(|message| gone(message)) {
        let erased = model.kept.gone.get(message).is_some_and(|gone| gone.erased_us.is_some());
        let row = if erased { store.naming(message) } else { None };
        ensure(row.is_none(), "erased", || format!("{message} is erased, and '{}' names it", row.unwrap_or_default()))?;
    }
    let erased = model.kept.gone.iter().filter(|(message, of)| of.erased_us.is_some() && gone(message));
    for (message, _) in erased {
        let names = |mutation: &&Mutation| match mutation {
            Mutation::Put { key, value } => {
                !remembers(key, value) && (key.contains(message) || value.contains(message))
            }
            Mutation::Delete { .. } => false,
        };
        let found = mutations.iter().find(names);
        ensure(found.is_none(), "erased", || format!("{message} is erased, and was put again: {found:?}"))?;
    }
    Ok(())
}

/// Returns true if a message was accepted before an erasure was asked for, by the clocks of both callers.
fn concerns(model: &Model, job: &str, message: &Message) -> bool {
    model.jobs.get(job).is_some_and(|job| message.order_us / 1_000 <= job.now.created_at_ms)
}

/// Judges that a finished erasure has removed all that was there when it was asked for.
pub fn erasure_done(model: &Model, job: &str) -> Result<(), Failure> {
    let Some((tenant, subject, began_us)) = model.kept.jobs.get(job) else { return Ok(()) };
    let left = model.messages.iter().find(|(_, known)| {
        let of_subject = known.tenant_part == *tenant && known.subject == Some(*subject);
        of_subject && known.accepted_us < *began_us && concerns(model, job, known)
    });
    ensure(left.is_none(), "erased", || format!("{job} is done, and there is {left:?}"))
}

/// Returns true if nothing is left to be removed.
pub fn is_done(model: &Model, store: &SimStore, retains: bool) -> bool {
    if retains {
        // The job of retention and redaction belongs to no tenant, and stays.
        let jobs = store.count("job/") - store.count("job/_/");
        return jobs == 0 && FAMILIES.iter().all(|family| store.count(family) == 0);
    }
    let keeps = |tenant: &String| model.kept.keeps.get(tenant).copied().unwrap_or(true);
    model.messages.values().all(|known| known.redacted || known.event_type.is_empty() || keeps(&known.tenant_part))
}

/// Judges a run that has come to rest.
pub fn at_rest(model: &Model, store: &SimStore, retains: bool) -> Result<(), Failure> {
    ensure(is_done(model, store, retains), "goes", || {
        let (rows, messages) = (FAMILIES.map(|family| store.count(family)), model.messages.keys());
        format!("it is left: {rows:?}, {messages:?}, the jobs {:?}", model.jobs.keys())
    })?;
    ensure(store.count("erasure/") == 0, "erased", || "rows of erasures are left".to_owned())?;
    let tombstone = model.messages.iter().find(|(_, known)| known.tombstone.is_some());
    ensure(tombstone.is_none(), "goes", || format!("a tombstone is left: {tombstone:?}"))?;
    // A listed message is there, once.
    let mut seen = BTreeSet::new();
    for (key, messages) in &model.kept.listed {
        for message in messages {
            let once = seen.insert(message) && model.messages.contains_key(message);
            ensure(once, "goes", || format!("'{key}' lists {message}, which is gone or listed twice"))?;
        }
    }
    Ok(())
}
