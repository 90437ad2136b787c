//! Judges jobs: how their rows change, and that what they stand for is done when they say so.

use hookwright_engine::limits::CLOCK_SKEW_MS_MAX;

use super::{Failure, during, ensure};
use crate::sim::model::{Delivery, JobSeen, Lane, Model};
use crate::sim::patterns;
use crate::sim::rows::{Job, JobFilter, Webhook};
use crate::sim::store::SimStore;

/// Judges a row that was written: a job that runs has its timer, its counts only grow and are true, and one that has ended stays
/// as it is.
pub fn changed(model: &Model, now_us: u64, id: &str, before: Option<&Job>) -> Result<(), Failure> {
    let seen = &model.jobs[id];
    let now = &seen.now;
    let about = || format!("job {id} was {before:?} and is {now:?}");
    let timers = model.lanes.get(id).map(|lane| &lane.timers);
    let armed = now.timer.as_ref().is_some_and(|timer| timers.is_some_and(|timers| timers.contains(timer)));
    let only = timers.is_none_or(|timers| timers.len() == usize::from(now.runs()));
    ensure(armed == now.runs() && only, "job-armed", || format!("{}, its timers are {timers:?}", about()))?;
    ensure(now.runs() == now.ended_at_ms.is_none(), "job", about)?;
    if id.starts_with("_/") {
        // Nobody has asked for it, and it begins anew.
        return Ok(());
    }
    let Some(before) = before else { return ensure(now.scanned + now.affected == 0, "job", about) };
    let same = Job {
        webhook: now.webhook.clone(),
        kind: now.kind.clone(),
        filter: now.filter.clone(),
        created_at_ms: now.created_at_ms,
        ..before.clone()
    };
    let grows = now.scanned >= before.scanned && now.affected >= before.affected;
    ensure(before.runs() && same == *before && grows, "job", about)?;
    let asks = matches!(now.kind.as_str(), "recover" | "replay");
    ensure(!asks || now.affected == seen.asks, "job-counted", || {
        format!("{}, and has asked {} times", about(), seen.asks)
    })?;
    match (now.state.as_str(), now.kind.as_str()) {
        // Something was left out, because workers did not come back from it.
        ("done", _) if now.detail.is_some() => {
            ensure(seen.lost > 0, "job", || format!("{}, and no worker was lost", about()))
        }
        ("done", "recover") => recovered(model, id, seen),
        ("done", "replay") => replayed(model, now_us, id, seen),
        // A job that has reported an omission still reports it when it is cancelled.
        ("cancelled", _) if now.detail != before.detail => {
            let gone = lane_of(model, id, seen).is_some_and(|(_, lane)| lane.registration().is_none());
            ensure(gone, "job", about)
        }
        ("failed", _) => {
            let inactive =
                |(_, webhook): &(u64, Option<Webhook>)| webhook.as_ref().is_some_and(|webhook| !webhook.active);
            let was = lane_of(model, id, seen).is_some_and(|(_, lane)| lane.registrations.iter().any(inactive));
            let deadly = now.detail.as_ref().is_some_and(|detail| detail.starts_with("no worker"));
            ensure(was || deadly, "job", about)
        }
        _ => Ok(()),
    }
}

fn lane_of<'m>(model: &'m Model, id: &str, seen: &JobSeen) -> Option<(String, &'m Lane)> {
    let tenant = id.split('/').next()?;
    let lane = format!("{tenant}/{}", seen.now.webhook.as_ref()?);
    let found = model.lanes.get(&lane)?;
    Some((lane, found))
}

/// Judges the deliveries that a job asks for: each belongs to its purpose, and is asked for once.
pub fn asked(model: &Model, about: &(String, String, u32), id: &str, before: Option<&Job>) -> Result<(), Failure> {
    let (lane_id, message, number) = about;
    let (lane, seen) = (&model.lanes[lane_id], &model.jobs[id]);
    let delivery = &lane.deliveries[message];
    let say =
        || format!("job {:?} asked for {message} for {lane_id} after attempt {number}: {:?}", seen.now, delivery.log);
    let times = delivery.asked_for.iter().filter(|job| *job == id).count();
    ensure(times == 1, "job-once", || format!("{}, the {times}. time", say()))?;
    let own = before.is_some_and(Job::runs) && lane_of(model, id, seen).is_some_and(|(lane, _)| lane == *lane_id);
    let last = delivery.log.keys().next_back() == Some(number);
    ensure(own && last, "job-asked", say)?;
    let (from_ms, to_ms) = seen.now.range_ms();
    let log = &delivery.log[number];
    let (state, filter) = (log.state.as_str(), &seen.now.filter);
    let meant = match seen.now.kind.as_str() {
        "recover" => {
            let recorded = delivery.recent_ms.get(number).is_some_and(|at_ms| (from_ms..=to_ms).contains(at_ms));
            matches!(state, "exhausted" | "failed") && recorded && filter.has_state(state) && filter.has_outcome(log)
        }
        "replay" => {
            let accepted_ms = model.messages[message].accepted_ms;
            let state = if *number == 0 { "none" } else { state };
            matches!(state, "none" | "skipped") && filter.has_state(state) && (from_ms..=to_ms).contains(&accepted_ms)
        }
        _ => false,
    };
    let webhook = lane.registration();
    let wants = webhook
        .is_some_and(|webhook| webhook.active && (seen.now.kind == "recover" || wanted(webhook, model, message)));
    ensure(meant && wants && has_type(model, filter, message), "job-asked", say)
}

fn wanted(webhook: &Webhook, model: &Model, message: &str) -> bool {
    patterns::wants(webhook, &model.messages[message].event_type)
}

/// Returns true if a job with this filter is about a message. Of one that is gone, the type is not known any more.
fn has_type(model: &Model, filter: &JobFilter, message: &str) -> bool {
    model.messages.get(message).is_none_or(|known| filter.has_type(&known.event_type))
}

/// Judges that a finished job has asked for all that had failed when it began, and still had, as far as the webhook's
/// records go back.
fn recovered(model: &Model, id: &str, seen: &JobSeen) -> Result<(), Failure> {
    let Some((lane_id, lane)) = lane_of(model, id, seen) else { return Ok(()) };
    let (from_ms, to_ms) = seen.now.range_ms();
    let kept = |message: &String| model.messages.get(message).is_none_or(|row| !row.redacted);
    for (message, delivery) in lane.deliveries.iter().filter(|(message, _)| kept(message)) {
        let Some((number, log)) = delivery.log.iter().next_back() else { continue };
        let filter = &seen.now.filter;
        let fits = filter.has_state(&log.state) && filter.has_outcome(log) && has_type(model, filter, message);
        let failed = matches!(log.state.as_str(), "exhausted" | "failed") && log.again.is_none() && fits;
        let meant = delivery.recent_ms.get(number).is_some_and(|at_ms| (from_ms..=to_ms).contains(at_ms));
        let listed = !delivery.unlisted.contains_key(number);
        let left = failed && meant && listed && delivery.recorded_us <= seen.began_us;
        ensure(!left, "recovered", || format!("job {id} is done without {message} for {lane_id}: {:?}", delivery.log))?;
    }
    Ok(())
}

/// Judges that a finished job has asked for all that its webhook subscribed to all the time and had missed when the job
/// began.
fn replayed(model: &Model, now_us: u64, id: &str, seen: &JobSeen) -> Result<(), Failure> {
    let Some((lane_id, lane)) = lane_of(model, id, seen) else { return Ok(()) };
    let tenant = id.split('/').next().unwrap_or_default();
    let (from_ms, to_ms) = seen.now.range_ms();
    let states = during(lane, seen.began_us, now_us);
    let filter = &seen.now.filter;
    for (message, row) in
        model.messages.iter().filter(|(_, row)| row.tenant_part == tenant && row.routed_us.is_some() && !row.redacted)
    {
        // Where it was routed by a clock that is off by more than is allowed, a job since some time may miss it.
        let near = row.listed_ms + CLOCK_SKEW_MS_MAX >= from_ms;
        let meant = near && (from_ms..=to_ms).contains(&row.accepted_ms) && row.routed_us <= Some(seen.began_us);
        let wants =
            states.iter().all(|state| state.is_some_and(|webhook| webhook.active && wanted(webhook, model, message)));
        let skipped = |delivery: &Delivery| {
            let last = delivery.log.values().next_back();
            let skipped = last.is_some_and(|log| log.state == "skipped" && log.again.is_none());
            skipped && delivery.recorded_us <= seen.began_us && filter.has_state("skipped")
        };
        let missed = match lane.deliveries.get(message) {
            None => filter.has_state("none"),
            Some(delivery) => skipped(delivery),
        };
        let meant = meant && filter.has_type(&row.event_type);
        ensure(!(meant && wants && missed), "replayed", || {
            format!("job {id} is done without {message} for {lane_id}")
        })?;
    }
    Ok(())
}

/// A message that is routed while or after a job replays goes to that job's webhook: no routing goes on that began before.
pub fn routed(model: &Model, now_us: u64, id: &str) -> Result<(), Failure> {
    let message = &model.messages[id];

    let replays = |seen: &JobSeen| seen.now.kind == "replay" && seen.now.state == "done";
    for (job, seen) in model.jobs.iter().filter(|(_, seen)| replays(seen)) {
        let Some((lane_id, lane)) = lane_of(model, job, seen) else { continue };
        let own = lane_id.split('/').next() == Some(message.tenant_part.as_str());
        let states = during(lane, seen.began_us, now_us);
        let must = own && states.iter().all(|state| state.is_some_and(|webhook| wanted(webhook, model, id)));
        ensure(!must || lane.deliveries.contains_key(id), "replayed", || {
            format!("{id} was routed past {lane_id} after job {job} was done")
        })?;
    }
    Ok(())
}

/// Judges a run that has come to rest: every job has ended, and of a webhook that is gone nothing is left but the attempts of
/// messages.
pub fn at_rest(model: &Model, store: &SimStore) -> Result<(), Failure> {
    for (id, seen) in model.jobs.iter().filter(|(id, _)| !id.starts_with("_/")) {
        ensure(!seen.now.runs(), "job-ends", || format!("job {id} still runs: {:?}", seen.now))?;
    }
    for (id, lane) in
        model.lanes.iter().filter(|(_, lane)| !lane.registrations.is_empty() && lane.registration().is_none())
    {
        for family in ["lane", "health", "recent", "queue"] {
            let rows = store.count(&format!("{family}/{id}"));
            ensure(rows == 0, "purged", || format!("{rows} rows are left under {family}/{id}: {:?}", lane.lease))?;
        }
        let webhook = id.rsplit('/').next().unwrap_or_default();
        let test = model.tests.iter().find(|key| key.starts_with("attempt/") && key.contains(webhook));
        ensure(test.is_none(), "purged", || format!("{test:?} is left of a webhook that is gone"))?;
    }
    for message in model.tests.iter().filter(|key| key.starts_with("message/")) {
        let attempt = message.replacen("message/", "attempt/", 1);
        let kept = model.tests.range(attempt.clone()..).next().is_some_and(|key| key.starts_with(&attempt));
        ensure(kept, "purged", || format!("{message} is left of a test whose attempt is gone"))?;
    }
    Ok(())
}
