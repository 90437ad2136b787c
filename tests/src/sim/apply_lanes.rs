//! Takes in the rows of webhooks and lanes: registrations, patterns, health, timers, queues and leases.

use super::change::Change;
use super::model::{Lost, Model};
use super::rows::{self, Group, Lease, Numbered, Webhook};
use super::touched::Touched;

impl Model {
    /// Takes in a pattern of a webhook.
    pub fn subscription(
        &mut self,
        change: Change<'_>,
        tenant: &str,
        lane: &str,
        pattern: &str,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let subscriptions = &mut self.lane(lane).subscriptions;
        let _ = match change.read::<rows::Subscription>()? {
            Some(row) => subscriptions.insert(pattern.to_owned(), row),
            None => subscriptions.remove(pattern),
        };
        touched.webhooks.insert(lane.to_owned());
        touched.subscribed.insert(tenant.to_owned());
        Ok(())
    }

    /// Takes in a registration.
    pub fn webhook(&mut self, change: Change<'_>, lane: &str, touched: &mut Touched) -> Result<(), String> {
        let webhook = change.read::<Webhook>()?;
        if let Some(webhook) = &webhook {
            self.by_url.entry(webhook.url.clone()).or_insert_with(|| lane.to_owned());
        }
        let strict = |webhook: Option<&Webhook>| webhook.map(|webhook| webhook.strict_order);
        let paused = |webhook: Option<&Webhook>| webhook.map_or(0, |webhook| webhook.paused_until_ms);
        let before = self.lane(lane).registration();
        let reordered = strict(before) == strict(webhook.as_ref()).map(|strict| !strict);
        if reordered || paused(before) != paused(webhook.as_ref()) {
            touched.switched.insert(lane.to_owned());
        }
        self.lane(lane).registrations.push((change.now_us, webhook));
        touched.webhooks.insert(lane.to_owned());
        Ok(())
    }

    /// Takes in the health of a webhook.
    pub fn health(&mut self, change: Change<'_>, lane: &str, touched: &mut Touched) -> Result<(), String> {
        let health = change.read::<rows::Health>()?.unwrap_or_default();
        self.lane(lane).last_succeeded = health.failures == 0 && health.succeeded_at_ms.is_some();
        self.lane(lane).free_at_ms = health.free_at_us.map_or(0, |us| us.div_ceil(1_000));
        touched.lanes.insert(lane.to_owned());
        Ok(())
    }

    /// Takes in a timer of a lane.
    pub fn timer(&mut self, change: Change<'_>, lane: &str, due_ms: u64, touched: &mut Touched) -> Result<(), String> {
        let Change { key, value, .. } = change;
        if value.is_some() {
            touched.timers_put.insert(lane.to_owned(), due_ms);
        }
        let timers = &mut self.lane(lane).timers;
        let _ = if value.is_some() { timers.insert(key.to_owned()) } else { timers.remove(key) };
        touched.lanes.insert(lane.to_owned());
        Ok(())
    }

    /// Takes in a row of a queue.
    pub fn queue(&mut self, change: Change<'_>, lane_id: &str, touched: &mut Touched) -> Result<(), String> {
        let Change { now_us, key, .. } = change;
        let group: Option<Group> = change.read()?;
        touched.lanes.insert(lane_id.to_owned());
        let lane = self.lane(lane_id);
        touched.leased_by_before.entry(lane_id.to_owned()).or_insert(lane.leased_by);
        if lane.registration().is_some_and(|webhook| webhook.strict_order) {
            let all =
                || lane.queue.values().flat_map(|group| &group.deliveries).map(|one| one.message.clone()).collect();
            touched.queued_before.entry(lane_id.to_owned()).or_insert_with(all);
        }
        let has_tombstone = |one: &Numbered| self.messages.get(&one.message).is_some_and(|row| row.tombstone.is_some());
        let group_before = self.lanes.get(lane_id).and_then(|lane| lane.queue.get(key));
        let left = |one: &Numbered| group.as_ref().is_some_and(|group| group.deliveries.contains(one));
        let tombstones = group_before
            .map_or(0, |group| group.deliveries.iter().filter(|one| has_tombstone(one) && !left(one)).count());
        let lane = self.lane(lane_id);
        // A delivery that is removed without a record no longer blocks its lane.
        lane.spared += tombstones;
        let before = lane.queue.remove(key).map(|group| group.deliveries).unwrap_or_default();
        for Numbered { message, number } in &before {
            if let Some(delivery) = lane.deliveries.get_mut(message) {
                delivery.entries.retain(|(entry, entry_number)| entry != key || entry_number != number);
            }
            touched.deliveries.insert((lane_id.to_owned(), message.clone()));
        }
        let Some(group) = group else { return Ok(()) };
        for Numbered { message, number } in &group.deliveries {
            let delivery = lane.delivery(lane_id, message, touched);
            delivery.entries.push((key.to_owned(), *number));
            if before.iter().all(|other| other.message != *message) {
                delivery.placed_us = now_us;
            }
        }
        lane.queue.insert(key.to_owned(), group);
        Ok(())
    }

    /// Takes in the row of a lane.
    pub fn lease(&mut self, change: Change<'_>, lane_id: &str, touched: &mut Touched) -> Result<(), String> {
        let Change { now_us, call, .. } = change;
        let lease = change.read::<Lease>()?.unwrap_or_default();
        touched.lanes.insert(lane_id.to_owned());
        let lane = self.lane(lane_id);
        touched.leased_by_before.entry(lane_id.to_owned()).or_insert(lane.leased_by);
        let before = lane.leased_by;
        touched.lane_rows.push((lane_id.to_owned(), lane.lease.clone()));
        let given_back = lease.until_ms == 0 && before == Some(call);
        if lane.lease.until_ms != 0 && lease.token != lane.lease.token && !given_back {
            lane.vain.push(lane.lease.quarantine.delivery.clone());
        }
        let (was, is) = (&lane.lease.quarantine, &lease.quarantine);
        if lease.until_ms == 0 {
            lane.forgiven += was.claims.saturating_sub(is.claims + 1);
        } else if was.delivery.as_ref().is_some_and(|one| lane.still_waits(&one.message, one.number)) {
            // Another one is named instead: by a clock that is behind it is not due.
            lane.forgiven += was.claims.saturating_sub(is.claims);
        }
        let ends = lane.lease.until_ms != 0 && (lease.until_ms == 0 || lease.token != lane.lease.token);
        if let Some(loser) = before.filter(|_| ends && !given_back) {
            lane.lost.insert(lane.lease.token.clone(), Lost { call: loser, ..Lost::default() });
        }
        if lease.until_ms == 0 {
            lane.leased_by = None;
            if lane.lease.until_ms != 0 {
                touched.freed.push(lane_id.to_owned());
            }
        } else if lease.token != lane.lease.token {
            touched.leased.push((lane_id.to_owned(), lane.lease.clone()));
            lane.leased_by = Some(call);
            (lane.recorded, lane.made, lane.spared) = (lane.lease.quarantine.recorded, 0, 0);
            lane.waited = if lease.quarantine.claims > 1 { lane.waiting() } else { Vec::new() };
            lane.leased_us = now_us;
            lane.last.insert(call, lease.token.clone());
        }
        if let Some(loser) = before
            && lane.leased_by != Some(loser)
            && call != loser
        {
            lane.lost_by.insert(loser);
        }
        let (timers, before) = (&lane.timers, &lane.lease.timer);
        lane.own_timers.retain(|timer| timers.contains(timer) || before.as_ref() == Some(timer));
        lane.own_timers.extend(lease.timer.clone());
        lane.lease = lease;
        Ok(())
    }
}
