//! Conversion of values between the engine's types and the bindings.

use hookwright_engine::ports::{
    Completion, Entry, HttpError, HttpErrorKind, Mutation, Request, Response, Signal, StorageError, WaitResult,
};
use hookwright_engine::{Accepted, DeliveryReport, Details, Error, ErrorKind};

use crate::bindings::exports::hookwright::webhooks::webhooks as exported;
use crate::bindings::hookwright::webhooks::{http, storage};

pub fn entry(entry: storage::Entry) -> Entry {
    Entry { key: entry.key, value: entry.value, version: entry.version }
}

pub fn mutation(mutation: &Mutation) -> storage::Mutation {
    match mutation {
        Mutation::Put { key, value } => storage::Mutation::Put(storage::Put { key: key.clone(), value: value.clone() }),
        Mutation::Delete { key } => storage::Mutation::Delete(key.clone()),
    }
}

pub fn storage_error(error: storage::StorageError) -> StorageError {
    match error {
        storage::StorageError::Conflict(failed) => StorageError::Conflict(failed),
        storage::StorageError::NotApplied(detail) => StorageError::NotApplied(detail),
        storage::StorageError::Unknown(detail) => StorageError::Unknown(detail),
        storage::StorageError::TransactionAborted(detail) => StorageError::TransactionAborted(detail),
        storage::StorageError::Invalid(detail) => StorageError::Invalid(detail),
    }
}

pub fn request(request: Request) -> http::Request {
    http::Request {
        id: request.id,
        method: request.method,
        url: request.url,
        headers: request.headers.into_iter().map(|(name, value)| http::Header { name, value }).collect(),
        body: request.body.map(http::Body::Text),
        timeout_ms: request.timeout_ms,
        response_bytes_max: request.response_bytes_max,
        egress: http::EgressPolicy { allow: request.egress.allow, deny: request.egress.deny },
    }
}

pub fn wait_result(result: http::WaitResult) -> WaitResult {
    WaitResult {
        completions: result.completions.into_iter().map(completion).collect(),
        signal: match result.signal {
            http::Signal::None => Signal::None,
            http::Signal::Work => Signal::Work,
            http::Signal::Drain => Signal::Drain,
        },
    }
}

fn completion(completion: http::Completion) -> Completion {
    let result = match completion.outcome {
        Ok(response) => Ok(Response {
            status: response.status,
            headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: response.body,
            truncated: response.truncated,
        }),
        Err(error) => Err(HttpError { kind: http_error_kind(error.kind), detail: error.detail }),
    };
    Completion { id: completion.id, duration_ms: completion.duration_ms, result }
}

fn http_error_kind(kind: http::HttpErrorKind) -> HttpErrorKind {
    match kind {
        http::HttpErrorKind::DestinationProhibited => HttpErrorKind::DestinationProhibited,
        http::HttpErrorKind::Dns => HttpErrorKind::Dns,
        http::HttpErrorKind::Connect => HttpErrorKind::Connect,
        http::HttpErrorKind::Tls => HttpErrorKind::Tls,
        http::HttpErrorKind::Timeout => HttpErrorKind::Timeout,
        http::HttpErrorKind::Protocol => HttpErrorKind::Protocol,
        http::HttpErrorKind::InvalidRequest => HttpErrorKind::InvalidRequest,
        http::HttpErrorKind::Internal => HttpErrorKind::Internal,
    }
}

pub fn error(error: Error) -> exported::Error {
    let kind = match error.kind {
        ErrorKind::Invalid => exported::ErrorKind::Invalid,
        ErrorKind::TooLarge => exported::ErrorKind::TooLarge,
        ErrorKind::NotFound => exported::ErrorKind::NotFound,
        ErrorKind::Conflict => exported::ErrorKind::Conflict,
        ErrorKind::Forbidden => exported::ErrorKind::Forbidden,
        ErrorKind::Unavailable | ErrorKind::Blocked => exported::ErrorKind::Unavailable,
        ErrorKind::TransactionAborted => exported::ErrorKind::TransactionAborted,
        ErrorKind::Internal => exported::ErrorKind::Internal,
    };
    let Details { field, message, hint, .. } = error.into();
    exported::Error { kind, field, message, hint }
}

pub fn accepted(accepted: Accepted) -> exported::Accepted {
    exported::Accepted { message_id: accepted.message_id, new: accepted.new }
}

pub fn delivery_report(report: DeliveryReport) -> exported::DeliveryReport {
    exported::DeliveryReport {
        routed: report.routed,
        attempts: report.attempts,
        delivered: report.delivered,
        next_due_ms: report.next_due_ms,
        problems: report.problems,
    }
}
