//! HTTP requests and completions as JSON, for a callback that sends the requests itself.

use std::time::Duration;

use hookwright_engine::ports::{Completion, HttpError, HttpErrorKind, Request, Response};
use serde_json::{Value, json};

/// Returns a request as JSON, under the bridge's number for it.
pub(super) fn request_to_json(number: u64, request: &Request) -> Value {
    json!({
        "id": number.to_string(),
        "method": request.method,
        "url": request.url,
        "headers": request.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Value>(),
        "body": request.body,
        "timeoutMs": request.timeout_ms,
        "responseBytesMax": request.response_bytes_max,
        "egress": {"allow": request.egress.allow, "deny": request.egress.deny},
    })
}

/// Parses a completion. Its id is the bridge's number for the request.
pub(super) fn parse(value: &Value) -> Result<Completion, String> {
    let id = text(value, "id")?.parse().map_err(|_| "`id` of a completion is not a number")?;
    let duration_ms = value["durationMs"].as_u64().and_then(|ms| u32::try_from(ms).ok());
    let duration_ms = duration_ms.ok_or("`durationMs` of a completion is not a 32-bit number")?;
    let (response, error) = (&value["outcome"]["ok"], &value["outcome"]["error"]);
    let result = if response.is_object() { Ok(parse_response(response)?) } else { Err(parse_error(error)?) };
    Ok(Completion { id, duration_ms, result })
}

/// Returns the completion of a request that ended without a response.
pub(super) fn failed(id: u64, duration: Duration, kind: HttpErrorKind, detail: &str) -> Completion {
    let duration_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
    Completion { id, duration_ms, result: Err(HttpError { kind, detail: detail.to_owned() }) }
}

fn parse_response(value: &Value) -> Result<Response, String> {
    let status = value["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (100..=599).contains(status)).ok_or("`status` is not from 100 to 599")?;
    let headers = value["headers"].as_array().into_iter().flatten();
    let headers = headers.map(|header| Ok((text(header, "name")?, text(header, "value")?)));
    let headers = headers.collect::<Result<Vec<_>, String>>()?;
    let truncated = value["truncated"].as_bool().unwrap_or_default();
    Ok(Response { status, headers, body: text(value, "body")?, truncated })
}

fn parse_error(value: &Value) -> Result<HttpError, String> {
    let kind = value["kind"].as_str().ok_or("an `outcome` has neither `ok` nor an `error` with a `kind`")?;
    let kind = HttpErrorKind::ALL.into_iter().find(|known| known.as_str() == kind);
    let kind = kind.ok_or("the `kind` of an error is not one of the contract's")?;
    Ok(HttpError { kind, detail: value["detail"].as_str().unwrap_or_default().to_owned() })
}

fn text(value: &Value, name: &str) -> Result<String, String> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| format!("`{name}` of a completion is not a string"))
}
