//! Callers who ask for what is not theirs, and who look at everything that the API shows: in some seeds with several tenants,
//! some of the platform's calls are exchanged for theirs. Whether they are shown anything is for `checkers::tenants` to say.

use hookwright_engine::ports::Host;
use hookwright_engine::{self as engine, ApiRequest, ApiResponse, Caller, Config, Error, ErrorKind};

use super::actor::Done;
use super::coverage::Count;
use super::rng::Rng;
use super::workload::Job;
use super::world::World;

/// How many of ten thousand calls are exchanged: a stream of its own, so that other seeds stay as they were.
pub fn rate(seed: u64, tenants: usize) -> u32 {
    if tenants > 1 && Rng::of(seed, "strangers", 0).below(3) == 0 { 2_500 } else { 0 }
}

/// A request to the management API that reads.
pub fn request(path: &str, tenant: &str) -> (ApiRequest, Caller) {
    let request =
        ApiRequest { method: "GET".to_owned(), path: path.to_owned(), query: String::new(), body: String::new() };
    (request, Caller { tenant: tenant.to_owned(), user: None, permissions: Vec::new() })
}

/// Converts a response of the API into a call's result.
pub fn answer(response: ApiResponse) -> Done {
    let kind = match response.status {
        200 => return Done::Json(Ok(response.body)),
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        503 => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    Done::Json(Err(Error::of(kind, response.body)))
}

/// Makes it.
pub fn read(host: &dyn Host, config: &Config, tenant: &str, path: &str) -> Done {
    let (request, caller) = request(path, tenant);
    answer(engine::handle(host, config, &request, &caller))
}

impl World {
    /// The call that an application makes instead of this one, now and then.
    pub fn exchanged(&mut self, job: Job) -> Job {
        if !self.strangers.chance(self.params.strangers) {
            return job;
        }
        let tenant = self.workload.any_tenant(&mut self.strangers);
        let rng = &mut self.strangers;
        if rng.below(3) == 0 {
            self.coverage.add(Count::Strangers);
            return of_another(job, tenant);
        }
        let mut any = |of: &[(String, String)]| match of.len() {
            0 => "none".to_owned(),
            many => of[rng.index(many)].1.clone(),
        };
        let (message, webhook) = (any(&self.workload.messages), any(&self.workload.webhooks));
        let path = match self.strangers.below(7) {
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
