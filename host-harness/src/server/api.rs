//! The HTTP API: who may call, `/health`, `/events`, and the component's own API for everything else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::{ApiRequest, ApiResponse, Caller, Error, ErrorKind};
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::problem;
use crate::limits::{BODY_BYTES_MAX, BODY_READ_MS_MAX, DISCARD_MS_MAX, DISCARDED_BYTES_MAX};
use crate::plugin::{CallError, Plugin};
use crate::pool::Pool;
use crate::wake::Wakes;

/// Whose request it is if it does not say.
const TENANT: &str = "default";
/// What the holder of the token may do.
const PERMISSIONS: [&str; 1] = ["manage:webhook"];

type Answer = Response<Full<Bytes>>;

pub(super) struct Api {
    pool: Arc<Pool>,
    wakes: Wakes,
    token_digest: [u8; 32],
    /// Places for everything but events: a few instances are left to these, however long receivers make test sends take.
    managing: Semaphore,
}

impl Api {
    pub(super) fn new(pool: Arc<Pool>, wakes: Wakes, token: &str, calls_max: usize) -> Api {
        let managing = Semaphore::new(calls_max.saturating_sub(calls_max / 4).max(1));
        Api { pool, wakes, token_digest: Sha256::digest(token).into(), managing }
    }

    /// Answers a request. Whatever goes wrong is in the response.
    pub(super) async fn respond(self: Arc<Api>, request: Request<Incoming>) -> Answer {
        let (head, mut body) = request.into_parts();
        // Who asks first sends nothing before the answer; of what is far too much, the end is not worth waiting for.
        let asks_first = head.headers.contains_key(http::header::EXPECT);
        let endless = announced(&head).is_some_and(|bytes| bytes > DISCARDED_BYTES_MAX as u64);
        let answer = self.route(head, &mut body).await;
        if answer.is_err() && !asks_first && !endless {
            discard(&mut body).await;
        }
        answer.unwrap_or_else(|refused| *refused)
    }

    async fn route(self: Arc<Api>, head: Parts, body: &mut Incoming) -> Result<Answer, Box<Answer>> {
        let path = head.uri.path();
        if path == "/health" {
            return match head.method {
                Method::GET | Method::HEAD => Ok(json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())),
                _ => Err(not_allowed("GET, HEAD")),
            };
        }
        if !self.authorized(&head) {
            let mut refused =
                problem::of_status(StatusCode::UNAUTHORIZED, "this needs `Authorization: Bearer <token>`");
            refused.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return Err(Box::new(refused));
        }
        let tenant = text_header(&head, "x-tenant")?;
        if path == "/events" {
            if head.method != Method::POST {
                return Err(not_allowed("POST"));
            }
            let body = read(&head, body).await?;
            return self.accept(tenant, body).await;
        }
        let request = ApiRequest {
            method: head.method.as_str().to_owned(),
            path: path.to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            body: String::new(),
        };
        let caller = Caller {
            tenant: tenant.unwrap_or_else(|| TENANT.to_owned()),
            user: text_header(&head, "x-user")?,
            permissions: PERMISSIONS.map(str::to_owned).to_vec(),
        };
        let request = ApiRequest { body: read(&head, body).await?, ..request };
        let changes = head.method != Method::GET;
        let _place = self.managing.acquire().await;
        let response = self.call(move |plugin| plugin.handle(&request, &caller)).await?;
        if changes {
            // A redelivery is due now.
            self.wakes.work();
        }
        Ok(of_component(response))
    }

    /// Takes one event or a list of them. Each is handed on as the text that came: numbers and key order are kept.
    async fn accept(self: Arc<Api>, tenant: Option<String>, body: String) -> Result<Answer, Box<Answer>> {
        let list = body.trim_ascii_start().starts_with('[');
        let message_ids = if list {
            let events = split(&body)?;
            let accepted = self.call(move |plugin| plugin.on_events(tenant.as_deref(), &events)).await?;
            accepted.into_iter().map(|accepted| accepted.message_id).collect()
        } else {
            vec![self.call(move |plugin| plugin.on_event(tenant.as_deref(), &body)).await?.message_id]
        };
        self.wakes.work();
        Ok(json(StatusCode::ACCEPTED, serde_json::json!({ "messageIds": message_ids }).to_string()))
    }

    /// Makes a call of the component on a thread of its own: it may wait for the disk, or for a receiver.
    async fn call<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Plugin) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, Box<Answer>> {
        let pool = self.pool.clone();
        match tokio::task::spawn_blocking(move || pool.call(run)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Box::new(problem::of_call(&error))),
            Err(_) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, "the host failed")),
        }
    }

    fn authorized(&self, head: &Parts) -> bool {
        let Some(value) = head.headers.get(AUTHORIZATION) else { return false };
        let Some((scheme, token)) = value.as_bytes().split_at_checked(7) else { return false };
        // Digests have one length and say nothing of each other: how long this takes does not depend on the token.
        let digest: [u8; 32] = Sha256::digest(token).into();
        let different = digest.iter().zip(&self.token_digest).fold(0, |seen, (a, b)| seen | (a ^ b));
        scheme.eq_ignore_ascii_case(b"bearer ") && different == 0
    }
}

fn announced(head: &Parts) -> Option<u64> {
    head.headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads what is left of a body and throws it away, within bounds: a client that is still sending when the connection is closed
/// would lose the answer with it.
async fn discard(body: &mut Incoming) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DISCARDED_BYTES_MAX {
                break;
            }
        }
    };
    // Whoever is slower than this loses the answer.
    let _ = tokio::time::timeout(Duration::from_millis(DISCARD_MS_MAX), reading).await;
}

/// Reads a body, within its limits of size and time.
async fn read(head: &Parts, body: &mut Incoming) -> Result<String, Box<Answer>> {
    let too_large =
        || refuse_field(StatusCode::PAYLOAD_TOO_LARGE, "body", &format!("has more than {BODY_BYTES_MAX} bytes"));
    if announced(head).is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    let reading = Limited::new(body, BODY_BYTES_MAX).collect();
    let body = match tokio::time::timeout(Duration::from_millis(BODY_READ_MS_MAX), reading).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
        Ok(Err(_)) => return Err(refuse(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => return Err(refuse(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    };
    String::from_utf8(body.into()).map_err(|_| refuse_field(StatusCode::BAD_REQUEST, "body", "is not UTF-8"))
}

/// The elements of a JSON array, each as it is written.
fn split(body: &str) -> Result<Vec<String>, Box<Answer>> {
    let events: Vec<&RawValue> = serde_json::from_str(body).map_err(|error| {
        let error = Error::of(ErrorKind::Invalid, format!("the body is not a JSON array: {error}"));
        Box::new(problem::of_error(&error.hint("send one event, or an array of events")))
    })?;
    Ok(events.into_iter().map(|event| event.get().to_owned()).collect())
}

fn text_header(head: &Parts, name: &str) -> Result<Option<String>, Box<Answer>> {
    match head.headers.get(name) {
        None => Ok(None),
        Some(value) => match value.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(refuse_field(StatusCode::BAD_REQUEST, name, "the header is not visible ASCII")),
        },
    }
}

fn of_component(answer: ApiResponse) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // A header that cannot be written is left out: the answer is worth more than it.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn json(status: StatusCode, body: String) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn refuse(status: StatusCode, detail: &str) -> Box<Answer> {
    Box::new(problem::of_status(status, detail))
}

fn refuse_field(status: StatusCode, field: &str, what: &str) -> Box<Answer> {
    Box::new(problem::of_field(status, field, what))
}

fn not_allowed(allowed: &'static str) -> Box<Answer> {
    let mut refused = refuse(StatusCode::METHOD_NOT_ALLOWED, &format!("here only {allowed} is possible"));
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    refused
}
