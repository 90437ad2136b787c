//! What went wrong, as one of the kinds that the engine knows, with a sentence that holds no secret.

use std::error::Error;

use hookwright_engine::ports::{HttpError, HttpErrorKind};
use hyper_util::client::legacy;

use super::dial::DialError;

/// A sentence for the log is cut here, in characters.
const DETAIL_CHARS_MAX: usize = 200;

/// An error of a kind, its sentence cut to size.
pub(crate) fn failure(kind: HttpErrorKind, detail: impl Into<String>) -> HttpError {
    let detail: String = detail.into();
    HttpError { kind, detail: detail.chars().take(DETAIL_CHARS_MAX).collect() }
}

/// What an error of the client means: found by type along its chain of sources, not by its text.
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
        // The dialer's errors are dealt with above: what is left of connecting is the handshake.
        (None, None) if error.is_connect() => {
            failure(HttpErrorKind::Tls, format!("no TLS session: {}", innermost(error)))
        }
        (None, None) => failure(HttpErrorKind::Protocol, format!("no response: {}", innermost(error))),
    }
}

/// What an error in the middle of a response means.
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

/// Visits an error and all it was caused by, until one is recognized.
///
/// An I/O error hides the error it wraps from `source`, so that is visited too.
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
