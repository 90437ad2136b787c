//! The HTTP API: authorization, `/health`, `/events`, and the component's management API on all other paths.

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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem;
use crate::limits::{BODY_BYTES_MAX, BODY_READ_MS_MAX, DISCARD_MS_MAX, DISCARDED_BYTES_MAX};
use crate::plugin::{CallError, Plugin};
use crate::pool::Pool;
use crate::signal::Signals;

/// The tenant of a request without `X-Tenant`.
const TENANT: &str = "default";
/// The permissions of a caller with the token.
const PERMISSIONS: [&str; 1] = ["manage:webhook"];

type Answer = Response<Full<Bytes>>;

pub(super) struct Api {
    pool: Arc<Pool>,
    signals: Signals,
    token_digest: [u8; 32],
    /// One permit for each call that may run at a time. Without it, aborted requests would fill the blocking pool's queue.
    calls: Arc<Semaphore>,
    /// One permit for each management call that may run at a time. Fewer than `calls`, so that receivers that keep test sends
    /// waiting never occupy the instances that are left for events.
    management_calls: Arc<Semaphore>,
}

impl Api {
    pub(super) fn new(pool: Arc<Pool>, signals: Signals, token: &str, calls_max: usize) -> Api {
        let calls_max = calls_max.max(1);
        Api {
            pool,
            signals,
            token_digest: Sha256::digest(token).into(),
            calls: Arc::new(Semaphore::new(calls_max)),
            management_calls: Arc::new(Semaphore::new((calls_max - calls_max / 4).max(1))),
        }
    }

    /// Returns the response to a request. Errors are responses, too.
    pub(super) async fn respond(self: Arc<Api>, request: Request<Incoming>) -> Answer {
        let (head, mut body) = request.into_parts();
        // A client that sent `Expect` waits for the response before it sends the body. A body that is far too long is not
        // read to its end.
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
            if head.uri.query().is_some_and(|query| !query.is_empty()) {
                return Err(refuse(StatusCode::BAD_REQUEST, "the query is not empty; this call has no parameters"));
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
        let permit = permit(&self.management_calls).await;
        let call = move |plugin: &mut Plugin| {
            // Held until the call ends, also when the client has gone: it still occupies an instance.
            let _permit = permit;
            plugin.handle(&request, &caller)
        };
        let response = self.call(call).await?;
        if changes {
            // A redelivery is due now.
            self.signals.work();
        }
        Ok(of_component(response))
    }

    /// Accepts one event or a list of events. Each keeps its text, so that numbers and key order are preserved.
    async fn accept(self: Arc<Api>, tenant: Option<String>, body: String) -> Result<Answer, Box<Answer>> {
        let list = body.trim_ascii_start().starts_with('[');
        let message_ids = if list {
            let events = split(&body)?;
            let accepted = self.call(move |plugin| plugin.on_events(tenant.as_deref(), &events)).await?;
            accepted.into_iter().map(|accepted| accepted.message_id).collect()
        } else {
            vec![self.call(move |plugin| plugin.on_event(tenant.as_deref(), &body)).await?.message_id]
        };
        self.signals.work();
        Ok(json(StatusCode::ACCEPTED, serde_json::json!({ "messageIds": message_ids }).to_string()))
    }

    /// Calls the component on a blocking thread, because a call may wait for the disk or for a receiver.
    async fn call<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Plugin) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, Box<Answer>> {
        let pool = self.pool.clone();
        let permit = permit(&self.calls).await;
        let blocking = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pool.call(run)
        });
        match blocking.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Box::new(problem::of_call(&error))),
            Err(_) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, "the host panicked; its log on stderr says where")),
        }
    }

    fn authorized(&self, head: &Parts) -> bool {
        let Some(value) = head.headers.get(AUTHORIZATION) else { return false };
        let Some((scheme, token)) = value.as_bytes().split_at_checked(7) else { return false };
        // The time to compare two digests does not depend on the token.
        let digest: [u8; 32] = Sha256::digest(token).into();
        let different = digest.iter().zip(&self.token_digest).fold(0, |seen, (a, b)| seen | (a ^ b));
        scheme.eq_ignore_ascii_case(b"bearer ") && different == 0
    }
}

/// Waits for a permit. A request that is aborted while it waits has not started its call.
async fn permit(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    semaphore.clone().acquire_owned().await.expect("the semaphore is never closed")
}

fn announced(head: &Parts) -> Option<u64> {
    head.headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads and discards the rest of a body, up to a size and a time. If the connection were closed while the client still sends,
/// the client would not get the response.
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
    // A client that is slower than this does not get the response.
    let _ = tokio::time::timeout(Duration::from_millis(DISCARD_MS_MAX), reading).await;
}

/// Reads a body. Fails if it is too long, too slow or not UTF-8.
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
        Ok(Err(_)) => {
            return Err(refuse(StatusCode::BAD_REQUEST, "the connection broke off before the end of the body"));
        }
        Err(_) => {
            return Err(refuse(StatusCode::REQUEST_TIMEOUT, &format!("the body took more than {BODY_READ_MS_MAX} ms")));
        }
    };
    String::from_utf8(body.into()).map_err(|_| refuse_field(StatusCode::BAD_REQUEST, "body", "is not UTF-8"))
}

/// Returns the elements of a JSON array as texts.
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
        // A header that cannot be written is left out, so that the rest of the response arrives.
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
    let mut refused = refuse(StatusCode::METHOD_NOT_ALLOWED, &format!("this path allows only {allowed}"));
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    refused
}
