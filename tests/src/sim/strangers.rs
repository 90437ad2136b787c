//! Callers who ask for what is not theirs, and who look at everything that the API shows: in some seeds with several tenants,
//! some of the platform's calls are exchanged for theirs. Whether they are shown anything is for `checkers::tenants` to say.

use super::coverage::Count;
use super::job::Job;
use super::world::World;

impl World {
    /// The call that an application makes instead of this one, now and then.
    pub fn exchanged(&mut self, job: Job) -> Job {
        if !self.streams.strangers.chance(self.params.strangers) {
            return job;
        }
        let tenant = self.workload.any_tenant(&mut self.streams.strangers);
        let rng = &mut self.streams.strangers;
        if rng.below(3) == 0 {
            self.coverage.add(Count::Strangers);
            return of_another(job, tenant);
        }
        let mut any = |of: &[(String, String)]| match of.len() {
            0 => "none".to_owned(),
            many => of[rng.index(many)].1.clone(),
        };
        let (message, webhook) = (any(&self.workload.messages), any(&self.workload.webhooks));
        let path = match self.streams.strangers.below(7) {
            0 => "/webhooks".to_owned(),
            1 => format!("/webhooks/{webhook}"),
            2 => format!("/webhooks/{webhook}/attempts"),
            3 => format!("/messages/{message}"),
            4 => format!("/messages/{message}/attempts"),
            5 => format!("/messages/{message}/deliveries/{webhook}/payload"),
            _ => format!("/messages/{message}/deliveries/{webhook}/explain"),
        };
        Job::Read { tenant, path }
    }
}

/// The same call by another tenant; events it may report itself.
fn of_another(mut job: Job, stranger: String) -> Job {
    if let Job::Update { tenant, .. }
    | Job::Unregister { tenant, .. }
    | Job::Rotate { tenant, .. }
    | Job::Test { tenant, .. }
    | Job::Attempts { tenant, .. }
    | Job::Message { tenant, .. }
    | Job::Recover { tenant, .. }
    | Job::Replay { tenant, .. }
    | Job::Jobs { tenant }
    | Job::Cancel { tenant, .. }
    | Job::Redeliver { tenant, .. } = &mut job
    {
        *tenant = stranger;
    }
    job
}
