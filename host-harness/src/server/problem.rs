//! Problem documents (RFC 9457), in the form that the component's API writes.

use bytes::Bytes;
use hookwright_engine::{Error, ErrorKind};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value};

use crate::plugin::CallError;

/// Returns the response to a call that failed.
pub(super) fn of_call(error: &CallError) -> Response<Full<Bytes>> {
    match error {
        CallError::Refused(error) => of_error(error),
        CallError::Trapped(_) => {
            // The reason goes to the operator's log only.
            eprintln!("hookwright: error: {error}");
            of_status(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the component failed; it is not known whether the call took effect; repeat it, an event with the same id",
            )
        }
    }
}

/// Returns the response to a call that the component refused.
pub(super) fn of_error(error: &Error) -> Response<Full<Bytes>> {
    let status = match (error.kind, &error.field) {
        (ErrorKind::Invalid, None) => StatusCode::BAD_REQUEST,
        (ErrorKind::Invalid, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (ErrorKind::TooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (ErrorKind::NotFound, _) => StatusCode::NOT_FOUND,
        (ErrorKind::Conflict, _) => StatusCode::CONFLICT,
        (ErrorKind::Forbidden, _) => StatusCode::FORBIDDEN,
        (ErrorKind::Unavailable | ErrorKind::Blocked | ErrorKind::TransactionAborted, _) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        (ErrorKind::Internal, _) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    document(status, error)
}

/// Returns the response to a request that this server refuses.
pub(super) fn of_status(status: StatusCode, detail: &str) -> Response<Full<Bytes>> {
    document(status, &Error::of(ErrorKind::Invalid, detail))
}

/// Returns the response to a request with an invalid header or body.
pub(super) fn of_field(status: StatusCode, field: &str, what: &str) -> Response<Full<Bytes>> {
    document(status, &Error::invalid(field, what))
}

fn document(status: StatusCode, error: &Error) -> Response<Full<Bytes>> {
    let title = match status {
        // The names of RFC 9110, as the component uses them.
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        other => other.canonical_reason().unwrap_or("Error"),
    };
    let mut members = Map::new();
    members.insert("type".into(), "about:blank".into());
    members.insert("title".into(), title.into());
    members.insert("status".into(), status.as_u16().into());
    members.insert("detail".into(), error.to_string().into());
    if let Some(field) = &error.field {
        members.insert("field".into(), field.as_str().into());
    }
    if let Some(hint) = &error.hint {
        members.insert("hint".into(), hint.as_str().into());
    }
    let mut response = Response::new(Full::new(Bytes::from(Value::Object(members).to_string())));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    response
}
