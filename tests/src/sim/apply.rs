//! Takes in the commits that were applied, row by row.

use hookwright_engine::ports::Mutation;

use super::change::Change;
use super::ids::CallId;
use super::model::{JobSeen, Model};
use super::rows::{self, Job, Row, Subscriptions, Tenant};
use super::touched::Touched;

impl Model {
    /// Takes in a commit that was applied.
    pub fn apply(&mut self, now_us: u64, call: CallId, mutations: &[Mutation]) -> Touched {
        let mut touched = Touched::default();
        for mutation in mutations {
            let Some(row) = rows::parse(mutation.key()) else {
                touched.broken = Some(format!("the layout has no row '{}'", mutation.key()));
                continue;
            };
            let value = match mutation {
                Mutation::Put { value, .. } => Some(value.as_str()),
                Mutation::Delete { .. } => None,
            };
            let change = Change { now_us, call, key: mutation.key(), value };
            if let Err(problem) = self.apply_row(change, row, &mut touched) {
                touched.broken = Some(problem);
            }
        }
        for lane in &touched.switched {
            if let Some(due_ms) = touched.timers_put.get(lane) {
                self.lane(lane).switched_ms = *due_ms;
            }
        }
        touched
    }

    fn apply_row(&mut self, change: Change<'_>, row: Row<'_>, touched: &mut Touched) -> Result<(), String> {
        match row {
            Row::Attempt { .. } | Row::Message { .. } if change.value.is_none() && self.test_gone(change.key) => Ok(()),
            Row::Message { message } => self.message(change, message, touched),
            Row::Inbox { message } => self.inbox(change, message, touched),
            Row::Subscription { tenant, pattern, webhook } => {
                self.subscription(change, tenant, &format!("{tenant}/{webhook}"), pattern, touched)
            }
            Row::Subscriptions { tenant } => {
                let Subscriptions { webhooks, wide } = change.read_put()?;
                self.counts.insert(tenant.to_owned(), (webhooks, wide));
                touched.counted.insert(tenant.to_owned());
                Ok(())
            }
            Row::Webhook { lane } => self.webhook(change, lane, touched),
            Row::Queue { lane, .. } => self.queue(change, lane, touched),
            Row::Timer { lane, due_ms } => self.timer(change, lane, due_ms, touched),
            Row::Lane { lane } => self.lease(change, lane, touched),
            Row::Attempt { tenant, message, webhook, number } => {
                self.attempt(change, (&format!("{tenant}/{webhook}"), message, number), touched)
            }
            Row::Health { lane } => self.health(change, lane, touched),
            Row::Job { job } => self.job(change, job, touched),
            Row::Recent { lane, at_ms } => self.recent(change, lane, at_ms),
            Row::Routed { tenant, at_ms } => self.listed(change, (tenant, at_ms), touched),
            Row::Tenant { tenant } => {
                let keeps = change.read_put::<Tenant>()?.keep_bodies;
                self.kept.keeps.insert(tenant.to_owned(), keeps);
                if !keeps {
                    self.kept.kept_none.insert(tenant.to_owned());
                }
                Ok(())
            }
            Row::Shard | Row::Other => Ok(()),
        }
    }

    /// Takes in the row of a job.
    fn job(&mut self, change: Change<'_>, id: &str, touched: &mut Touched) -> Result<(), String> {
        let Change { now_us, key, .. } = change;
        let Some(now) = change.read::<Job>()? else {
            return match self.jobs.remove(id) {
                Some(seen) if !seen.now.runs() => {
                    touched.jobs_gone.push((id.to_owned(), seen.now));
                    Ok(())
                }
                _ => Err(format!("'{key}' was deleted, and had not ended")),
            };
        };
        let before = self.jobs.get(id).map(|seen| seen.now.clone());
        let (began_us, asks, lost) =
            self.jobs.get(id).map_or((now_us, 0, 0), |seen| (seen.began_us, seen.asks, seen.lost));
        let lost = lost + u32::from(now.claims > Some(1));
        self.jobs.insert(id.to_owned(), JobSeen { now, began_us, asks, lost });
        touched.jobs.push((id.to_owned(), before));
        Ok(())
    }
}
