//! Finds the call that a request of the management API is, and makes the response.

use serde::Deserialize;

use super::{attempts, erase, explain, jobs, messages, redeliver, rotate, settings, test_send, webhooks};
use crate::api::query::{Query, Range, decode};
use crate::api::request::{ApiRequest, ApiResponse, Caller};
use crate::api::view::{self, JobView, Problem};
use crate::config::Config;
use crate::ports::Host;
use crate::store::rows::JobKind;
use crate::support::error::{Error, ErrorKind};
use crate::support::json;
use crate::support::text;

/// The permission that a caller needs for every call except reading.
pub const MANAGE: &str = "manage:webhook";

/// Returns the response to one request. An error is a problem document.
pub fn handle(host: &dyn Host, config: &Config, request: &ApiRequest, caller: &Caller) -> ApiResponse {
    match route(host, config, request, caller) {
        Ok(response) => response,
        Err(Refusal::Error(error)) => problem(&error),
        Err(Refusal::Method(allowed)) => {
            let error =
                Error::of(ErrorKind::Invalid, format!("`{}` is not possible here", json::quoted(&request.method)));
            let mut response = problem_of(405, "Method Not Allowed", &error);
            response.headers.push(("allow".to_owned(), allowed.to_owned()));
            response
        }
    }
}

enum Refusal {
    Error(Error),
    Method(&'static str),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Error(error)
    }
}

fn route(host: &dyn Host, config: &Config, request: &ApiRequest, caller: &Caller) -> Result<ApiResponse, Refusal> {
    let path: Vec<String> = request.path.trim_matches('/').split('/').map(decode).collect::<Result<_, _>>()?;
    // Ids are often pasted.
    let path: Vec<&str> = path.iter().map(|part| text::trim(part)).collect();
    let tenant = caller.tenant.as_str();
    if request.method != "GET" && !caller.permissions.iter().any(|permission| permission == MANAGE) {
        let error = Error::of(ErrorKind::Forbidden, format!("this needs the permission {MANAGE}"));
        return Err(error.hint("the platform decides who has it").into());
    }
    let query = Query::parse(&request.query)?;
    let call = Call { host, config, tenant, query: &query, body: &request.body };
    let method = request.method.as_str();
    match path.as_slice() {
        ["webhooks", rest @ ..] => webhook_calls(&call, caller, method, rest),
        ["messages", rest @ ..] => message_calls(&call, method, rest),
        ["jobs", rest @ ..] => job_calls(&call, method, rest),
        rest => tenant_calls(&call, method, rest),
    }
    .unwrap_or_else(|| {
        let message = format!("there is nothing at `{}`", json::quoted(&request.path));
        Err(Error::of(ErrorKind::NotFound, message).into())
    })
}

/// A call with everything that its functions need.
struct Call<'a> {
    host: &'a dyn Host,
    config: &'a Config,
    tenant: &'a str,
    query: &'a Query,
    body: &'a str,
}

/// The body of a call that takes none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<'a> Call<'a> {
    /// Returns an error if the request has parameters or fields: this call has none.
    fn takes_nothing(&self) -> Result<(), Error> {
        self.query.none()?;
        self.has_no_body()
    }

    fn has_no_body(&self) -> Result<(), Error> {
        let Nothing {} = json::read_optional(self.body).map_err(|mut error| {
            if error.field.is_some() {
                error.hint = Some("this call takes no fields; leave the body out".to_owned());
            }
            error
        })?;
        Ok(())
    }

    /// Returns the body of a call without parameters.
    fn body(&self) -> Result<&'a str, Error> {
        self.query.none()?;
        Ok(self.body)
    }

    /// Returns the part of a list that is asked for.
    fn range(&self) -> Result<Range<'a>, Error> {
        self.has_no_body()?;
        self.query.range()
    }
}

/// The answer of a part of the router. `None`: there is nothing at the path.
type Answer = Option<Result<ApiResponse, Refusal>>;

/// Returns the response with a body that a call has made.
fn answer(status: u16, body: Result<String, Error>) -> Result<ApiResponse, Refusal> {
    ok(status, body?)
}

/// Routes the calls on webhooks. `path` is the part below `/webhooks`.
fn webhook_calls(call: &Call<'_>, caller: &Caller, method: &str, path: &[&str]) -> Answer {
    let Call { host, config, tenant, .. } = *call;
    let user = caller.user.as_deref();
    let plain = || call.takes_nothing();
    Some(match (method, path) {
        ("GET", []) => answer(
            200,
            call.range().and_then(|Range { cursor, limit }| webhooks::list(host, config, tenant, cursor, limit)),
        ),
        ("POST", []) => answer(201, call.body().and_then(|body| webhooks::register(host, config, tenant, user, body))),
        (_, []) => Err(Refusal::Method("GET, POST")),
        ("GET", [id]) => answer(200, plain().and_then(|()| webhooks::get(host, config, tenant, id))),
        ("PATCH", [id]) => answer(200, call.body().and_then(|body| webhooks::update(host, config, tenant, id, body))),
        ("DELETE", [id]) => plain()
            .and_then(|()| webhooks::unregister(host, config, tenant, id))
            .map(|job| ApiResponse { status: 204, headers: vec![location(&job)], body: String::new() })
            .map_err(Refusal::Error),
        (_, [_]) => Err(Refusal::Method("GET, PATCH, DELETE")),
        ("GET", [id, "attempts"]) => answer(
            200,
            call.range()
                .and_then(|Range { cursor, limit }| attempts::attempts(host, config, tenant, id, cursor, limit)),
        ),
        (_, [_, "attempts"]) => Err(Refusal::Method("GET")),
        ("POST", [id, "rotate-secret"]) => rotate(call, id),
        ("POST", [id, "test"]) => {
            answer(200, call.body().and_then(|body| test_send::test_webhook(host, config, tenant, id, Some(body))))
        }
        ("POST", [id, "recover"]) => {
            started(call.body().and_then(|body| jobs::start(host, config, JobKind::Recover, (tenant, *id), body)))
        }
        ("POST", [id, "replay"]) => {
            started(call.body().and_then(|body| jobs::start(host, config, JobKind::Replay, (tenant, *id), body)))
        }
        (_, [_, "rotate-secret" | "test" | "recover" | "replay"]) => Err(Refusal::Method("POST")),
        _ => return None,
    })
}

/// Routes the calls on messages. `path` is the part below `/messages`.
fn message_calls(call: &Call<'_>, method: &str, path: &[&str]) -> Answer {
    let Call { host, config, tenant, .. } = *call;
    let plain = || call.takes_nothing();
    Some(match (method, path) {
        ("GET", [id]) => answer(200, plain().and_then(|()| messages::message(host, config, tenant, id))),
        ("GET", [id, "attempts"]) => answer(
            200,
            call.range().and_then(|Range { cursor, limit }| {
                messages::message_attempts(host, config, tenant, id, cursor, limit)
            }),
        ),
        ("GET", [id, "deliveries", webhook, "payload"]) => {
            answer(200, plain().and_then(|()| messages::payload(host, config, tenant, id, webhook)))
        }
        ("GET", [id, "deliveries", webhook, "explain"]) => {
            answer(200, plain().and_then(|()| explain::explain(host, config, tenant, id, webhook)))
        }
        (_, [_] | [_, "attempts"] | [_, "deliveries", _, "payload" | "explain"]) => Err(Refusal::Method("GET")),
        ("POST", [id, "redeliver"]) => redeliver(call, id),
        (_, [_, "redeliver"]) => Err(Refusal::Method("POST")),
        _ => return None,
    })
}

/// Routes the calls on jobs. `path` is the part below `/jobs`.
fn job_calls(call: &Call<'_>, method: &str, path: &[&str]) -> Answer {
    let Call { host, config, tenant, .. } = *call;
    let plain = || call.takes_nothing();
    Some(match (method, path) {
        ("GET", []) => answer(
            200,
            call.range().and_then(|Range { cursor, limit }| jobs::jobs(host, config, tenant, cursor, limit)),
        ),
        ("GET", [id]) => answer(200, plain().and_then(|()| jobs::job(host, config, tenant, id))),
        (_, [] | [_]) => Err(Refusal::Method("GET")),
        ("POST", [id, "cancel"]) => answer(200, plain().and_then(|()| jobs::cancel_job(host, config, tenant, id))),
        (_, [_, "cancel"]) => Err(Refusal::Method("POST")),
        _ => return None,
    })
}

/// Routes the calls on the tenant as a whole.
fn tenant_calls(call: &Call<'_>, method: &str, path: &[&str]) -> Answer {
    let Call { host, config, tenant, .. } = *call;
    let plain = || call.takes_nothing();
    Some(match (method, path) {
        ("GET", ["event-types"]) => answer(200, plain().and_then(|()| messages::event_types(config))),
        (_, ["event-types"]) => Err(Refusal::Method("GET")),
        ("GET", ["settings"]) => answer(200, plain().and_then(|()| settings::tenant_settings(host, config, tenant))),
        ("PATCH", ["settings"]) => {
            answer(200, call.body().and_then(|body| settings::update_settings(host, config, tenant, body)))
        }
        (_, ["settings"]) => Err(Refusal::Method("GET, PATCH")),
        ("POST", ["erase"]) => started(call.body().and_then(|body| erase::start(host, config, tenant, body))),
        (_, ["erase"]) => Err(Refusal::Method("POST")),
        _ => return None,
    })
}

/// The body of a call that rotates a secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    secret: Option<String>,
    overlap_s: Option<u64>,
}

fn rotate(call: &Call<'_>, id: &str) -> Result<ApiResponse, Refusal> {
    let Call { host, config, tenant, .. } = *call;
    let Rotation { secret, overlap_s } = json::read_optional(call.body()?)?;
    // A number that is too large for the type is out of range.
    let overlap_s = overlap_s.map(|overlap_s| u32::try_from(overlap_s).unwrap_or(u32::MAX));
    ok(200, rotate::rotate_secret(host, config, tenant, id, secret.as_deref(), overlap_s)?)
}

/// The body of a call that sends a message again.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Redelivery {
    webhook_id: Option<String>,
}

fn redeliver(call: &Call<'_>, id: &str) -> Result<ApiResponse, Refusal> {
    let Call { host, config, tenant, .. } = *call;
    let Redelivery { webhook_id } = json::read_optional(call.body()?)?;
    let webhook_id = webhook_id.as_deref().map(text::trim);
    ok(202, redeliver::redeliver(host, config, tenant, id, webhook_id)?)
}

/// Returns the response to a call that has started a job.
fn started(job: Result<JobView, Error>) -> Result<ApiResponse, Refusal> {
    let job = job?;
    let mut response = ok(202, view::text(&job)?)?;
    response.headers.push(location(job.id()));
    Ok(response)
}

/// Returns the header that names a job.
fn location(job: &str) -> (String, String) {
    ("location".to_owned(), format!("/jobs/{job}"))
}

fn ok(status: u16, body: String) -> Result<ApiResponse, Refusal> {
    Ok(ApiResponse { status, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body })
}

/// Returns the problem document of an error (RFC 9457).
fn problem(error: &Error) -> ApiResponse {
    let (status, title) = match (error.kind, &error.field) {
        (ErrorKind::Invalid, None) => (400, "Bad Request"),
        (ErrorKind::Invalid, Some(_)) => (422, "Unprocessable Content"),
        (ErrorKind::TooLarge, _) => (413, "Content Too Large"),
        (ErrorKind::NotFound, _) => (404, "Not Found"),
        (ErrorKind::Conflict, _) => (409, "Conflict"),
        (ErrorKind::Forbidden, _) => (403, "Forbidden"),
        (ErrorKind::Unavailable | ErrorKind::Blocked | ErrorKind::TransactionAborted, _) => {
            (503, "Service Unavailable")
        }
        (ErrorKind::Internal, _) => (500, "Internal Server Error"),
    };
    problem_of(status, title, error)
}

fn problem_of(status: u16, title: &str, error: &Error) -> ApiResponse {
    let (field, hint) = (error.field.as_deref(), error.hint.as_deref());
    let (done, left) = error.progress.as_ref().map(|progress| (&progress.done[..], &progress.left[..])).unzip();
    let detail = error.to_string();
    let r#type = "about:blank";
    let problem = Problem { r#type, title, status, detail, field, hint, webhook_ids: done, webhook_ids_left: left };
    let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    ApiResponse { status, headers, body: view::text(&problem).unwrap_or_default() }
}
