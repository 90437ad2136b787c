//! Counts the changes of each applied commit.

use hookwright_engine::ports::Mutation;

use super::coverage::Count;
use super::rows::{Attempt, Webhook};
use super::touched::Touched;
use super::world::World;

impl World {
    /// Counts the attempts that an applied commit has recorded.
    fn count_recorded(&mut self, touched: &Touched) {
        for (lane, message, number) in &touched.logged {
            let log = &self.model.lanes[lane].deliveries[message].log[number];
            self.coverage.add(counted(log));
            let ended = log.detail.as_deref().is_some_and(|detail| detail.ends_with("which ends the message"));
            self.coverage.add_many(Count::Ended, usize::from(ended));
            let webhook = self.model.lanes[lane].registration();
            if log.attempted() && webhook.is_some_and(|webhook| webhook.strict_order) {
                self.coverage.add(Count::Ordered);
                self.coverage.add_many(Count::OrderedRetries, usize::from(!log.is_final()));
                let paused = log.state == "exhausted" && webhook.is_some_and(Webhook::is_paused);
                self.coverage.add_many(Count::Paused, usize::from(paused));
            }
            self.workload.recorded(message, lane.rsplit('/').next().unwrap_or_default(), !log.is_final());
        }
    }

    /// Counts the changes of an applied commit.
    pub fn count(&mut self, touched: &Touched, mutations: &[Mutation]) {
        self.coverage.add_many(Count::Events, touched.accepted.len());
        self.coverage.add_many(Count::Deliveries, touched.new.len());
        self.coverage.add_many(Count::Claims, touched.leased.len());
        let lost = touched.leased.iter().filter(|(_, before)| before.until_ms != 0);
        self.coverage.add_many(Count::LostLeases, lost.count());
        self.count_recorded(touched);
        self.coverage.add_many(Count::JobAsks, touched.asked_for.len());
        for (job, _) in &touched.jobs {
            let now = &self.model.jobs[job].now;
            match (now.state.as_str(), now.kind.as_str()) {
                ("running", _) => (),
                ("done", "purge") => self.coverage.add(Count::Purged),
                ("done", _) => self.coverage.add(Count::JobsDone),
                _ => self.coverage.add(Count::JobsEnded),
            }
        }
        for (lane, message, number) in &touched.asked {
            let moved = self.model.lanes[lane].deliveries[message].moved.contains_key(&(number + 1));
            self.coverage.add(match number {
                _ if moved => Count::BroughtForward,
                0 => Count::AskedFirst,
                _ => Count::AskedAgain,
            });
        }
        for (key, value) in mutations.iter().filter_map(put_of) {
            if key.starts_with("inbox/") && value.contains("routedTo") {
                self.coverage.add(Count::Cursors);
            }
        }
    }
}

fn counted(log: &Attempt) -> Count {
    match log.state.as_str() {
        "delivered" => Count::Delivered,
        "exhausted" => Count::Exhausted,
        "skipped" => Count::Skipped,
        "cancelled" => Count::Cancelled,
        "failed" => Count::Failed,
        _ => Count::Retries,
    }
}

fn put_of(mutation: &Mutation) -> Option<(&str, &str)> {
    match mutation {
        Mutation::Put { key, value } => Some((key, value)),
        Mutation::Delete { .. } => None,
    }
}
