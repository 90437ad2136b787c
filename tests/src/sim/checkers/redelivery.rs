//! Judges redeliveries: who is told that a message goes out again sees it go out again, to every webhook that was meant.

use super::{Failure, during, ensure};
use crate::sim::model::{Lane, Message, Model};
use crate::sim::patterns;
use crate::sim::rows::Webhook;

/// The deliveries that the call asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The message.
    pub message: &'a str,
    /// The webhook; none: every active one that subscribes.
    pub webhook: Option<&'a str>,
    /// From when to when the call took place, in true microseconds.
    pub during: (u64, u64),
}

/// A redelivery of a message that was not routed yet, so that its routing keeps the promise.
#[derive(Clone, Debug)]
pub struct Promise {
    lane: String,
    message: String,
    from_us: u64,
}

/// Judges an answer. Deliveries that it leaves to routing are judged when the run has come to rest.
pub fn promised(model: &Model, asked: Asked<'_>, answer: &serde_json::Value) -> Result<Vec<Promise>, Failure> {
    let (from_us, to_us) = asked.during;
    let ids: Vec<&str> = answer["webhookIds"].as_array().into_iter().flatten().filter_map(|id| id.as_str()).collect();
    // It may have gone since, or be about to.
    let found = model.messages.get(asked.message).filter(|known| known.tombstone.is_none());
    let Some(message) = found else { return Ok(Vec::new()) };
    let about = || format!("{asked:?} was answered {answer}");
    let named = asked.webhook.is_none_or(|webhook| ids == [webhook]);
    ensure(named && answer["messageId"] == asked.message, "redelivered", about)?;
    if asked.webhook.is_none() {
        for (id, lane) in of_tenant(model, message) {
            let meant =
                during(lane, from_us, to_us).iter().all(|state| state.is_some_and(|webhook| wants(webhook, message)));
            let webhook = id.rsplit('/').next().unwrap_or_default();
            ensure(!meant || ids.contains(&webhook), "redelivered", || format!("{} without {id}", about()))?;
        }
    }
    let mut promises = Vec::new();
    for webhook in ids {
        let lane = format!("{}/{webhook}", message.tenant_part);
        match model.lanes.get(&lane).and_then(|found| found.deliveries.get(asked.message)) {
            Some(delivery) => {
                ensure(!delivery.entries.is_empty() || delivery.recorded_us >= from_us, "redelivered", || {
                    format!("{}: {delivery:?}", about())
                })?
            }
            None => {
                let routing = message.inbox.is_some() || message.routed_us >= Some(from_us);
                ensure(routing, "redelivered", || format!("{}: nothing waits for {lane}", about()))?;
                promises.push(Promise { lane, message: asked.message.to_owned(), from_us });
            }
        }
    }
    Ok(promises)
}

fn of_tenant<'m>(model: &'m Model, message: &Message) -> impl Iterator<Item = (&'m String, &'m Lane)> {
    let prefix = format!("{}/", message.tenant_part);
    model.lanes.range(prefix.clone()..).take_while(move |(id, _)| id.starts_with(&prefix))
}

fn wants(webhook: &Webhook, message: &Message) -> bool {
    webhook.active && patterns::wants(webhook, &message.event_type)
}

/// Judges what was left to routing: who went on subscribing has been sent the message.
pub fn kept(model: &Model, promises: &[Promise]) -> Result<(), Failure> {
    for promise in promises.iter().filter(|promise| !model.kept.gone.contains_key(&promise.message)) {
        let lane = &model.lanes[&promise.lane];
        let Some(message) = model.messages.get(&promise.message).filter(|known| known.tombstone.is_none()) else {
            continue;
        };
        let states = during(lane, promise.from_us, message.routed_us.unwrap_or(u64::MAX));
        let meant = states.iter().all(|state| state.is_some_and(|webhook| wants(webhook, message)));
        ensure(!meant || lane.deliveries.contains_key(&promise.message), "redelivered", || {
            format!("{promise:?} was not kept")
        })?;
    }
    Ok(())
}
