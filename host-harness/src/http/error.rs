//! Errors of the client, converted to the engine's kinds, each with a sentence that contains no secret.

use std::error::Error;

use hookwright_engine::ports::{HttpError, HttpErrorKind};
use hyper_util::client::legacy;

use super::dial::DialError;
use super::tls::Refusal;

/// The length at which a sentence is cut, in characters.
const DETAIL_CHARS_MAX: usize = 400;

/// Makes an error of this kind. The sentence is cut at its maximum length.
pub(crate) fn failure(kind: HttpErrorKind, detail: impl Into<String>) -> HttpError {
    let detail: String = detail.into();
    HttpError { kind, detail: detail.chars().take(DETAIL_CHARS_MAX).collect() }
}

/// Converts an error of the client. The kind is decided by the types in its chain of sources, not by its text.
pub(crate) fn classify(error: &legacy::Error) -> HttpError {
    let found = walk(error, &mut |link| {
        if let Some(dial) = link.downcast_ref::<DialError>() {
            return Some(failure(dial_kind(dial), dial.to_string()));
        }
        link.downcast_ref::<Refusal>().map(|refusal| failure(HttpErrorKind::Tls, refusal.to_string()))
    });
    match found {
        Some(found) => found,
        // The dialer's errors are handled above. The rest of connecting is the TLS handshake.
        None if error.is_connect() => failure(HttpErrorKind::Tls, format!("no TLS session: {}", innermost(error))),
        None if wants_http1(error) => failure(
            HttpErrorKind::Protocol,
            "the receiver asks for HTTP/1.1, but accepts only HTTP/2 over TLS: let it accept HTTP/1.1",
        ),
        None => failure(HttpErrorKind::Protocol, format!("no response: {}", innermost(error))),
    }
}

/// Returns true if the receiver refused HTTP/1.1 in the TLS handshake. Nothing has been sent then.
pub(crate) fn wants_other_http(error: &legacy::Error) -> bool {
    walk(error, &mut |link| link.downcast_ref::<Refusal>().map(|refusal| refusal.wants_other_http)).unwrap_or(false)
}

/// Returns true if the receiver refused to process the request over HTTP/2, and asks for HTTP/1.1 (RFC 9113, section 7).
pub(crate) fn wants_http1(error: &legacy::Error) -> bool {
    let reason = walk(error, &mut |link| link.downcast_ref::<h2::Error>().and_then(h2::Error::reason));
    reason == Some(h2::Reason::HTTP_1_1_REQUIRED)
}

/// Converts an error in the middle of a response.
pub(crate) fn broken_body(error: &hyper::Error) -> HttpError {
    failure(HttpErrorKind::Protocol, format!("the response broke off: {}", innermost(error)))
}

fn dial_kind(error: &DialError) -> HttpErrorKind {
    match error {
        DialError::Prohibited => HttpErrorKind::DestinationProhibited,
        DialError::Lookup(_) => HttpErrorKind::Dns,
        DialError::Connect(_) | DialError::Proxy(_) => HttpErrorKind::Connect,
    }
}

/// Visits an error and its sources until `visit` returns a value.
///
/// `source` of an I/O error skips the error that it wraps, so that one is visited too.
fn walk<T>(error: &(dyn Error + 'static), visit: &mut impl FnMut(&(dyn Error + 'static)) -> Option<T>) -> Option<T> {
    let mut next = Some(error);
    while let Some(link) = next {
        if let Some(found) = visit(link) {
            return Some(found);
        }
        let wrapped = link.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => link.source(),
        };
    }
    None
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = String::new();
    walk(error, &mut |link| {
        last = link.to_string();
        None::<()>
    });
    last
}
