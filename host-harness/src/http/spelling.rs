//! The spelling of header names on HTTP/1.1: as the engine spells them.
//!
//! hyper stores header names in lower case and writes them in title case. Some profiles need neither
//! (`X-AssetsUp-Signature`, `webhook-id`). hyper writes another spelling only for a message that carries its private extension
//! `HeaderCaseMap`, which it makes when it parses a message itself. No public API makes one (hyper 1.12: `ext::HeaderCaseMap`
//! is `pub(crate)`). So a hyper server in memory parses each set of names once, and the extensions of the parsed request are
//! attached to every request with these names.
//!
//! A test pins this to the version of hyper in `Cargo.lock`, and says what to do when that changes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Extensions;
use http_body_util::Empty;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

/// How many sets of names are kept.
const KNOWN_MAX: usize = 64;

/// The most recently used sets of names, the latest first.
#[derive(Debug, Default)]
pub(super) struct Spellings(Mutex<Vec<Known>>);

/// A set of names and the extensions that make hyper write it.
#[derive(Debug)]
struct Known {
    /// The names as header lines.
    lines: String,
    extensions: Extensions,
}

impl Spellings {
    /// Returns the extensions of a request with these header names. They are empty if all names are in title case.
    pub(super) async fn of(&self, names: impl Iterator<Item = &str> + Clone) -> Extensions {
        if names.clone().all(is_title_case) {
            return Extensions::new();
        }
        let lines: String = names.flat_map(|name| [name, ": -\r\n"]).collect();
        if let Some(extensions) = self.known(&lines) {
            return extensions;
        }
        let extensions = parsed(&lines).await;
        // No code panics while it holds the lock, so a poisoned list is consistent.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.truncate(KNOWN_MAX - 1);
        all.insert(0, Known { lines, extensions: extensions.clone() });
        extensions
    }

    fn known(&self, lines: &str) -> Option<Extensions> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|known| known.lines == lines)?;
        all[..=at].rotate_right(1);
        Some(all[0].extensions.clone())
    }
}

/// Returns true if hyper writes the name like this by itself.
fn is_title_case(name: &str) -> bool {
    let starts = std::iter::once(b'-').chain(name.bytes());
    starts.zip(name.bytes()).all(|(before, byte)| match before {
        b'-' => !byte.is_ascii_lowercase(),
        _ => !byte.is_ascii_uppercase(),
    })
}

/// Lets a hyper server parse a request with these header lines, and returns the request's extensions. They are empty if hyper
/// cannot parse the lines: the names are then written in title case.
async fn parsed(lines: &str) -> Extensions {
    let request = format!("GET / HTTP/1.1\r\n{lines}\r\n");
    let (mut ours, theirs) = tokio::io::duplex(request.len() + 4096);
    let noted = Arc::new(Mutex::new(Extensions::new()));
    if ours.write_all(request.as_bytes()).await.is_ok() && ours.shutdown().await.is_ok() {
        let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = request.extensions().clone();
            std::future::ready(Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new())))
        });
        let mut server = http1::Builder::new();
        server.preserve_header_case(true).keep_alive(false);
        // The response is discarded, and so is an error while it is written.
        let _ = server.serve_connection(TokioIo::new(theirs), service).await;
    }
    std::mem::take(&mut noted.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version of hyper whose private extension this file is known to obtain.
    const HYPER: &str = "1.12.0";

    #[test]
    fn hyper_is_the_version_that_was_checked() {
        let lock = include_str!("../../../Cargo.lock").replace("\r\n", "\n");
        let (_, package) = lock.split_once("name = \"hyper\"\nversion = \"").expect("Cargo.lock has hyper");
        let (version, _) = package.split_once('"').expect("the version ends");
        assert_eq!(
            version, HYPER,
            "hyper has changed: look whether its `src/ext/mod.rs` has a public way to spell header names now, and use it; \
             otherwise set HYPER, after `an_unusual_spelling_needs_an_extension` and \
             `header_names_keep_their_spelling` (tests/tests/http_client.rs) have passed"
        );
    }

    #[test]
    fn an_unusual_spelling_needs_an_extension() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let spellings = Spellings::default();
        let rows: [(&[&str], bool); 4] = [
            (&["Content-Type", "X-Title"], false),
            (&["Content-Type", "webhook-id"], true),
            (&["X-AssetsUp-Signature"], true),
            // hyper refuses to parse it.
            (&["a b"], false),
        ];
        for (names, has_extension) in rows {
            for _ in 0..2 {
                let extensions = runtime.block_on(spellings.of(names.iter().copied()));
                assert_eq!(!extensions.is_empty(), has_extension, "{names:?}");
            }
        }
    }

    #[test]
    fn names_in_title_case_are_recognised() {
        for name in ["Content-Type", "User-Agent", "X-1-A", "A", ""] {
            assert!(is_title_case(name), "{name}");
        }
        for name in ["content-type", "X-AssetsUp-Signature", "webhook-id", "ETag"] {
            assert!(!is_title_case(name), "{name}");
        }
    }
}
