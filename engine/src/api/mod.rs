//! The management API: which call a request is, and how its answer looks. What a call does is its module's business.

pub(crate) mod erase;
pub(crate) mod explain;
pub(crate) mod jobs;
pub(crate) mod messages;
pub(crate) mod redeliver;
pub(crate) mod registration;
pub(crate) mod request;
pub(crate) mod settings;
pub(crate) mod test_send;
pub(crate) mod view;
pub(crate) mod webhooks;

pub use request::{ApiRequest, ApiResponse, Caller};

use crate::config::Config;
use crate::ports::Host;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Reader, Style};
use explain::explain;

/// What a caller needs for everything but reading.
pub const MANAGE: &str = "manage:webhook";
/// The entries of a page unless the request says how many.
const PAGE: u32 = 50;

/// Answers one request. What goes wrong is in the response.
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
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let tenant = caller.tenant.as_str();
    if request.method != "GET" && !caller.permissions.iter().any(|permission| permission == MANAGE) {
        let error = Error::of(ErrorKind::Forbidden, format!("this needs the permission {MANAGE}"));
        return Err(error.hint("the platform decides who has it").into());
    }
    let query = Query::parse(&request.query)?;
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["event-types"]) => ok(200, messages::event_types(config)?),
        (_, ["event-types"]) => Err(Refusal::Method("GET")),
        ("GET", ["settings"]) => ok(200, settings::tenant_settings(host, config, tenant)?),
        ("PATCH", ["settings"]) => ok(200, settings::update_settings(host, config, tenant, &request.body)?),
        (_, ["settings"]) => Err(Refusal::Method("GET, PATCH")),
        ("POST", ["erase"]) => ok(202, erase::erase(host, config, tenant, &request.body)?),
        (_, ["erase"]) => Err(Refusal::Method("POST")),
        ("GET", ["webhooks"]) => ok(200, webhooks::list(host, config, tenant, query.cursor.as_deref(), query.limit)?),
        ("POST", ["webhooks"]) => {
            ok(201, webhooks::register(host, config, tenant, caller.user.as_deref(), &request.body)?)
        }
        (_, ["webhooks"]) => Err(Refusal::Method("GET, POST")),
        ("GET", ["webhooks", id]) => ok(200, webhooks::get(host, config, tenant, id)?),
        ("PATCH", ["webhooks", id]) => ok(200, webhooks::update(host, config, tenant, id, &request.body)?),
        ("DELETE", ["webhooks", id]) => {
            let job = webhooks::unregister(host, config, tenant, id)?;
            Ok(ApiResponse { status: 204, headers: vec![location(&job)], body: String::new() })
        }
        (_, ["webhooks", _]) => Err(Refusal::Method("GET, PATCH, DELETE")),
        ("POST", ["webhooks", id, "rotate-secret"]) => rotate(host, config, tenant, id, &request.body),
        (_, ["webhooks", _, "rotate-secret"]) => Err(Refusal::Method("POST")),
        ("POST", ["webhooks", id, "test"]) => ok(200, test_send::test_webhook(host, config, tenant, id)?),
        (_, ["webhooks", _, "test"]) => Err(Refusal::Method("POST")),
        ("GET", ["webhooks", id, "attempts"]) => {
            ok(200, messages::attempts(host, config, tenant, id, query.cursor.as_deref(), query.limit)?)
        }
        (_, ["webhooks", _, "attempts"]) => Err(Refusal::Method("GET")),
        ("GET", ["messages", id]) => ok(200, messages::message(host, config, tenant, id)?),
        (_, ["messages", _]) => Err(Refusal::Method("GET")),
        ("GET", ["messages", id, "attempts"]) => {
            ok(200, messages::message_attempts(host, config, tenant, id, query.cursor.as_deref(), query.limit)?)
        }
        (_, ["messages", _, "attempts"]) => Err(Refusal::Method("GET")),
        ("GET", ["messages", id, "deliveries", webhook, "payload"]) => {
            ok(200, messages::payload(host, config, tenant, id, webhook)?)
        }
        ("GET", ["messages", id, "deliveries", webhook, "explain"]) => {
            ok(200, explain(host, config, tenant, id, webhook)?)
        }
        (_, ["messages", _, "deliveries", _, "payload" | "explain"]) => Err(Refusal::Method("GET")),
        ("POST", ["messages", id, "redeliver"]) => again(host, config, tenant, id, &request.body),
        (_, ["messages", _, "redeliver"]) => Err(Refusal::Method("POST")),
        ("GET", ["jobs"]) => ok(200, jobs::jobs(host, config, tenant, query.cursor.as_deref(), query.limit)?),
        ("GET", ["jobs", id]) => ok(200, jobs::job(host, config, tenant, id)?),
        ("POST", ["webhooks", id, "recover"]) => begun(jobs::recover(host, config, tenant, id, &request.body)?),
        ("POST", ["webhooks", id, "replay"]) => begun(jobs::replay(host, config, tenant, id, &request.body)?),
        (_, ["webhooks", _, "recover" | "replay"]) => Err(Refusal::Method("POST")),
        (_, ["jobs"] | ["jobs", _]) => Err(Refusal::Method("GET")),
        ("POST", ["jobs", id, "cancel"]) => ok(200, jobs::cancel_job(host, config, tenant, id)?),
        (_, ["jobs", _, "cancel"]) => Err(Refusal::Method("POST")),
        _ => {
            let message = format!("there is nothing at `{}`", json::quoted(&request.path));
            Err(Error::of(ErrorKind::NotFound, message).into())
        }
    }
}

fn rotate(host: &dyn Host, config: &Config, tenant: &str, id: &str, body: &str) -> Result<ApiResponse, Refusal> {
    let mut fields = optional(body)?;
    let secret = fields.text("secret");
    // A number that is too large for the type is too large for the limit.
    let overlap_s = fields.number("overlapS").map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    fields.finish()?;
    ok(200, webhooks::rotate_secret(host, config, tenant, id, secret.as_deref(), overlap_s)?)
}

/// The fields of a body that may be left out.
fn optional(body: &str) -> Result<Reader, Error> {
    let json = if body.trim().is_empty() { Json::Object(Vec::new()) } else { json::parse(body)? };
    Ok(Reader::new("", json))
}

fn again(host: &dyn Host, config: &Config, tenant: &str, id: &str, body: &str) -> Result<ApiResponse, Refusal> {
    let mut fields = optional(body)?;
    let webhook = fields.text("webhookId");
    fields.finish()?;
    ok(202, redeliver::redeliver(host, config, tenant, id, webhook.as_deref())?)
}

/// A job as it is shown begins with its id.
fn begun(job: String) -> Result<ApiResponse, Refusal> {
    let mut response = ok(202, job)?;
    let id = response.body.split('"').nth(3).unwrap_or_default();
    response.headers.push(location(id));
    Ok(response)
}

/// Where a job that a call has begun can be looked at.
fn location(job: &str) -> (String, String) {
    ("location".to_owned(), format!("/jobs/{job}"))
}

fn ok(status: u16, body: String) -> Result<ApiResponse, Refusal> {
    Ok(ApiResponse { status, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body })
}

/// A problem document (RFC 9457).
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
    let mut members = vec![
        ("type", Json::text("about:blank")),
        ("title", Json::text(title)),
        ("status", Json::from(u64::from(status))),
        ("detail", Json::text(&error.to_string())),
    ];
    if let Some(field) = &error.field {
        members.push(("field", Json::text(field)));
    }
    if let Some(hint) = &error.hint {
        members.push(("hint", Json::text(hint)));
    }
    let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    ApiResponse { status, headers, body: json::write(&Json::object(members), Style::Compact) }
}

struct Query {
    cursor: Option<String>,
    limit: u32,
}

impl Query {
    fn parse(text: &str) -> Result<Query, Error> {
        let mut query = Query { cursor: None, limit: PAGE };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            match name.as_str() {
                "cursor" => query.cursor = Some(value),
                "limit" => {
                    let number = value.parse();
                    query.limit = number.map_err(|_| {
                        Error::invalid("limit", format!("`{}` is no number", json::quoted(&value))).hint("1 to 100")
                    })?;
                }
                _ => {
                    let message = format!("`{}` is no parameter of this call", json::quoted(&name));
                    return Err(Error::of(ErrorKind::Invalid, message).hint("the parameters are cursor and limit"));
                }
            }
        }
        Ok(query)
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String, Error> {
    let broken = || Error::of(ErrorKind::Invalid, format!("`{}` is not percent-encoded UTF-8", json::quoted(text)));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().ok_or_else(broken)?, rest.next().ok_or_else(broken)?];
            let mut decoded = [0];
            hex::decode_to_slice(digits, &mut decoded).map_err(|_| broken())?;
            bytes.push(decoded[0]);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone() {
        for (text, decoded) in
            [("wh_a", Some("wh_a")), ("a%2Fb%c3%bc", Some("a/bü")), ("%", None), ("%zz", None), ("%ff", None)]
        {
            assert_eq!(decode(text).ok().as_deref(), decoded, "{text}");
        }
    }

    #[test]
    fn queries_are_strict() {
        let query = Query::parse("limit=7&cursor=a%2Fb").unwrap();
        assert_eq!((query.limit, query.cursor.as_deref()), (7, Some("a/b")));
        for bad in ["limit=x", "limit=-1", "page=2"] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
    }
}
