//! Takes in the rows of attempts, and the records of webhooks that name them.

use super::change::Change;
use super::model::Model;
use super::rows::{self, Attempt, Recent, Recorded, Webhook};
use super::touched::Touched;

impl Model {
    /// Takes in an attempt: it is recorded, it is asked for again, or its row is deleted.
    pub fn attempt(
        &mut self,
        change: Change<'_>,
        about: (&str, &str, u32),
        touched: &mut Touched,
    ) -> Result<(), String> {
        let Change { now_us, key, .. } = change;
        let (lane_id, message, number) = about;
        let Some(value) = change.value else {
            self.logged.remove(key);
            touched.unlogged.push((message.to_owned(), number));
            return Ok(());
        };
        let log: Attempt = change.read_put()?;
        if log.test {
            return if self.tests.insert(key.to_owned()) { Ok(()) } else { Err(format!("'{key}' was written twice")) };
        }
        let before = self.logged.insert(key.to_owned(), value.to_owned());
        let keeps_none = lane_id.split('/').next().is_some_and(|tenant| self.kept.kept_none.contains(tenant));
        if keeps_none && before.as_ref().is_some_and(|before| rows::is_without_answer(before, value)) {
            return Ok(());
        }
        let leased_by = self.lane(lane_id).leased_by;
        touched.leased_by_before.entry(lane_id.to_owned()).or_insert(leased_by);
        if log.again.is_some() {
            self.asked_again(change, about, (&log, before.as_deref()), touched)?;
        } else {
            if before.is_some() || number == 0 {
                return Err(format!("'{key}' was written twice, or is no attempt"));
            }
            let lane = self.lane(lane_id);
            lane.delivery(lane_id, message, touched).recorded_us = now_us;
            touched.logged.push((lane_id.to_owned(), message.to_owned(), number));
            let began_anew_ms = |webhook: &Webhook| webhook.activated_at_ms.unwrap_or(0).max(webhook.paused_until_ms);
            let began_anew_ms = lane.registration().map_or(0, began_anew_ms);
            lane.health.count(&log, began_anew_ms);
            lane.made += 1;
        }
        let delivery = self.lane(lane_id).delivery(lane_id, message, touched);
        delivery.log.insert(number, log);
        for (_, job) in touched.asked_for.iter().filter(|((_, of, at), _)| of == message && *at == number) {
            if let Some(seen) = self.jobs.get_mut(job) {
                seen.asks += 1;
            }
        }
        Ok(())
    }

    /// A call or a job has asked for an attempt again. The row says as much of the attempt as it did before.
    fn asked_again(
        &mut self,
        change: Change<'_>,
        (lane_id, message, number): (&str, &str, u32),
        (log, before): (&Attempt, Option<&str>),
        touched: &mut Touched,
    ) -> Result<(), String> {
        let value = change.value.unwrap_or_default();
        // Only of number 0 there is no attempt.
        let same = match before {
            Some(before) => rows::same_attempt(before, value),
            None => number == 0 && !log.is_final() && !log.attempted(),
        };
        let lane = self.lane(lane_id);
        let delivery = lane.delivery(lane_id, message, touched);
        let old = delivery.log.get(&number);
        if !same || old.is_some_and(|old| old.again == log.again) {
            return Err(format!("'{}' was {before:?} and is {value}", change.key));
        }
        let asked_before = old.and_then(|old| old.job.clone());
        let moves = old.is_some_and(|old| old.next_at_ms.is_some());
        if moves {
            *delivery.moved.entry(number + 1).or_default() += 1;
        }
        let about = (lane_id.to_owned(), message.to_owned(), number);
        match log.job.clone().filter(|job| asked_before.as_ref() != Some(job)) {
            Some(job) => {
                let id = format!("{}/{job}", lane_id.split('/').next().unwrap_or_default());
                delivery.asked_for.push(id.clone());
                touched.asked_for.push((about, id));
            }
            None => {
                delivery.asked_by.push(change.call);
                touched.asked.push(about);
            }
        }
        lane.spared += usize::from(moves);
        Ok(())
    }

    /// Takes in a record of a webhook: the attempts that it names.
    pub fn recent(&mut self, change: Change<'_>, lane: &str, at_ms: u64) -> Result<(), String> {
        let Change { now_us, key, .. } = change;
        let now = change.read::<Recent>()?.map(|recent| recent.attempts).unwrap_or_default();
        let before = self.records.insert(key.to_owned(), now.clone()).unwrap_or_default();
        for Recorded { message, number, .. } in before.clone() {
            if let Some(delivery) = self.lane(lane).deliveries.get_mut(&message) {
                delivery.unlisted.insert(number, now_us);
            }
        }
        for recorded in now {
            let is_new = !before.contains(&recorded);
            let Recorded { message, number, at_ms: attempt_ms } = recorded;
            if let Some(delivery) = self.lane(lane).deliveries.get_mut(&message) {
                let known_ms = delivery.log.get(&number).map(|attempt| attempt.at_ms);
                if is_new && known_ms != attempt_ms {
                    return Err(format!(
                        "'{key}' has attempt {number} of {message} at {attempt_ms:?}, not {known_ms:?}"
                    ));
                }
                delivery.recent_ms.insert(number, at_ms);
                delivery.unlisted.remove(&number);
            }
        }
        Ok(())
    }
}
