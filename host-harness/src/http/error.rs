//! Errors of the client, converted to the engine's kinds, each with a sentence that contains no secret.

use std::error::Error;

use hookwright_engine::ports::{HttpError, HttpErrorKind};
use hyper_util::client::legacy;

use super::dial::DialError;

/// The length at which a sentence is cut, in characters.
const DETAIL_CHARS_MAX: usize = 200;

/// Makes an error of this kind. The sentence is cut at its maximum length.
pub(crate) fn failure(kind: HttpErrorKind, detail: impl Into<String>) -> HttpError {
    let detail: String = detail.into();
    HttpError { kind, detail: detail.chars().take(DETAIL_CHARS_MAX).collect() }
}

/// Converts an error of the client. The kind is decided by the types in its chain of sources, not by its text.
pub(crate) fn classify(error: &legacy::Error) -> HttpError {
    let mut tls = None;
    let found = walk(error, &mut |link| {
        if let Some(dial) = link.downcast_ref::<DialError>() {
            return Some(failure(dial_kind(dial), dial.to_string()));
        }
        tls = tls.take().or_else(|| link.downcast_ref::<rustls::Error>().map(ToString::to_string));
        None
    });
    match (found, tls) {
        (Some(found), _) => found,
        (None, Some(tls)) => failure(HttpErrorKind::Tls, format!("no TLS session: {tls}")),
        // The dialer's errors are handled above. The rest of connecting is the TLS handshake.
        (None, None) if error.is_connect() => {
            failure(HttpErrorKind::Tls, format!("no TLS session: {}", innermost(error)))
        }
        (None, None) => failure(HttpErrorKind::Protocol, format!("no response: {}", innermost(error))),
    }
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
