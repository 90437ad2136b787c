//! A call of the engine by the platform or a worker.

use hookwright_engine::ports::Host;
use hookwright_engine::{self as engine, ApiRequest, ApiResponse, Budget, Caller, Config, Error, ErrorKind};

use super::ops::Done;

/// A call of the engine.
#[derive(Clone, Debug)]
pub enum Job {
    Deliver(Budget),
    Accept {
        tenant: String,
        events: Vec<String>,
        markers: Vec<u64>,
        transaction: bool,
    },
    Register {
        tenant: String,
        json: String,
    },
    Update {
        tenant: String,
        webhook: String,
        json: String,
    },
    Unregister {
        tenant: String,
        webhook: String,
    },
    Rotate {
        tenant: String,
        webhook: String,
        secret: String,
        overlap_s: u32,
    },
    Test {
        tenant: String,
        webhook: String,
    },
    Attempts {
        tenant: String,
        webhook: String,
    },
    Message {
        tenant: String,
        message: String,
    },
    Redeliver {
        tenant: String,
        message: String,
        webhook: Option<String>,
    },
    /// A request to the management API.
    Read {
        tenant: String,
        path: String,
    },
    Recover {
        tenant: String,
        webhook: String,
        range: String,
    },
    Replay {
        tenant: String,
        webhook: String,
        range: String,
    },
    Jobs {
        tenant: String,
    },
    Cancel {
        tenant: String,
        id: String,
    },
    Erase {
        tenant: String,
        subject: u64,
    },
    Settings {
        tenant: String,
        keep_bodies: bool,
    },
}

impl Job {
    /// Makes the call.
    pub fn run(&self, host: &dyn Host, config: &Config) -> Done {
        match self {
            Job::Deliver(budget) => Done::Delivered(engine::deliver(host, config, *budget)),
            Job::Accept { tenant, events, .. } => {
                Done::Accepted(engine::on_events(host, config, Some(tenant.as_str()), events))
            }
            Job::Register { tenant, json, .. } => Done::Json(engine::register(host, config, tenant, None, json)),
            Job::Update { tenant, webhook, json } => Done::Json(engine::update(host, config, tenant, webhook, json)),
            Job::Unregister { tenant, webhook } => {
                Done::Removed(engine::unregister(host, config, tenant, webhook).map(|_| ()))
            }
            Job::Rotate { tenant, webhook, secret, overlap_s } => {
                let secret = Some(secret.as_str());
                Done::Json(engine::rotate_secret(host, config, tenant, webhook, secret, Some(*overlap_s)))
            }
            Job::Test { tenant, webhook } => Done::Json(engine::test_webhook(host, config, tenant, webhook, None)),
            Job::Attempts { tenant, webhook } => Done::Json(engine::attempts(host, config, tenant, webhook, None, 100)),
            Job::Message { tenant, message } => Done::Json(engine::message(host, config, tenant, message)),
            Job::Recover { tenant, webhook, range } => {
                Done::Json(engine::recover(host, config, tenant, webhook, range))
            }
            Job::Replay { tenant, webhook, range } => Done::Json(engine::replay(host, config, tenant, webhook, range)),
            Job::Jobs { tenant } => Done::Json(engine::jobs(host, config, tenant, None, 100)),
            Job::Cancel { tenant, id } => Done::Json(engine::cancel_job(host, config, tenant, id)),
            Job::Redeliver { tenant, message, webhook } => {
                let redelivered = engine::redeliver(host, config, tenant, message, webhook.as_deref());
                // Only the HTTP API shows the progress of a call that failed. The component's function does not return it.
                Done::Json(redelivered.map_err(|mut error| {
                    error.progress = None;
                    error
                }))
            }
            Job::Read { tenant, path } => read(host, config, tenant, path),
            Job::Erase { tenant, subject } => Done::Json(engine::erase(host, config, tenant, &erasure(*subject))),
            Job::Settings { tenant, keep_bodies } => {
                Done::Json(engine::update_settings(host, config, tenant, &settings(*keep_bodies)))
            }
        }
    }
}

impl Job {
    /// Returns the tenant of the call; `None` for a worker's call.
    pub fn tenant(&self) -> Option<&str> {
        match self {
            Job::Deliver(_) => None,
            Job::Accept { tenant, .. }
            | Job::Register { tenant, .. }
            | Job::Update { tenant, .. }
            | Job::Unregister { tenant, .. }
            | Job::Rotate { tenant, .. }
            | Job::Test { tenant, .. }
            | Job::Attempts { tenant, .. }
            | Job::Message { tenant, .. }
            | Job::Redeliver { tenant, .. }
            | Job::Recover { tenant, .. }
            | Job::Replay { tenant, .. }
            | Job::Jobs { tenant }
            | Job::Cancel { tenant, .. }
            | Job::Erase { tenant, .. }
            | Job::Settings { tenant, .. }
            | Job::Read { tenant, .. } => Some(tenant),
        }
    }

    /// Returns the ids and texts that the call names.
    pub fn names(&self) -> Names<'_> {
        let nothing = Names { message: None, webhook: None, job: None };
        match self {
            Job::Update { webhook, .. }
            | Job::Unregister { webhook, .. }
            | Job::Rotate { webhook, .. }
            | Job::Test { webhook, .. }
            | Job::Attempts { webhook, .. }
            | Job::Recover { webhook, .. }
            | Job::Replay { webhook, .. } => Names { webhook: Some(webhook), ..nothing },
            Job::Message { message, .. } => Names { message: Some(message), ..nothing },
            Job::Redeliver { message, webhook, .. } => {
                Names { message: Some(message), webhook: webhook.as_deref(), job: None }
            }
            Job::Cancel { id, .. } => Names { job: Some(id), ..nothing },
            Job::Read { path, .. } => {
                let parts: Vec<&str> = path.split('/').collect();
                match parts[..] {
                    [_, "webhooks", webhook, ..] => Names { webhook: Some(webhook), ..nothing },
                    [_, "messages", message, "deliveries", webhook, ..] => {
                        Names { message: Some(message), webhook: Some(webhook), job: None }
                    }
                    [_, "messages", message, ..] => Names { message: Some(message), ..nothing },
                    _ => nothing,
                }
            }
            Job::Deliver(_)
            | Job::Accept { .. }
            | Job::Register { .. }
            | Job::Jobs { .. }
            | Job::Erase { .. }
            | Job::Settings { .. } => nothing,
        }
    }

    /// The secret that the call gives a webhook.
    pub fn secret(&self) -> Option<&str> {
        match self {
            Job::Register { json, .. } => json.split_once("\"secret\":\"").and_then(|(_, rest)| rest.split('"').next()),
            Job::Rotate { secret, .. } => Some(secret),
            _ => None,
        }
    }
}

/// The ids that a call names.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub message: Option<&'a str>,
    pub webhook: Option<&'a str>,
    pub job: Option<&'a str>,
}

/// The request to erase a subject.
pub fn erasure(subject: u64) -> String {
    format!(r#"{{"subject":{{"type":"asset","id":"{subject}"}}}}"#)
}

/// The change of a tenant's settings.
pub fn settings(keep_bodies: bool) -> String {
    format!(r#"{{"keepBodies":{keep_bodies}}}"#)
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

/// Makes a request to the management API that reads.
fn read(host: &dyn Host, config: &Config, tenant: &str, path: &str) -> Done {
    let (request, caller) = request(path, tenant);
    answer(engine::handle(host, config, &request, &caller))
}
