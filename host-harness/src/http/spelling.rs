//! How header names are spelled on HTTP/1.1: as the engine spells them.
//!
//! hyper keeps names in lower case and writes them in title case, which is not how every dialect has them
//! (`X-AssetsUp-Signature`, `webhook-id`). It writes another spelling only where it has read one: so each set of names is
//! read by a server of its own once, from memory, and what that notes down goes with every request that has those names.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Extensions;
use http_body_util::Empty;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

/// Sets of names that are remembered.
const KNOWN_MAX: usize = 64;

/// The spellings met lately, latest first.
#[derive(Debug, Default)]
pub(super) struct Spellings(Mutex<Vec<(String, Extensions)>>);

impl Spellings {
    /// What a request with these header names takes along to have them written as they are.
    pub(super) async fn of(&self, names: impl Iterator<Item = &str> + Clone) -> Extensions {
        if names.clone().all(is_title_case) {
            return Extensions::new();
        }
        let lines: String = names.flat_map(|name| [name, ": -\r\n"]).collect();
        if let Some(known) = self.known(&lines) {
            return known;
        }
        let read = read(&lines).await;
        // Nothing in here panics half-way, so a poisoned list is a good list.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.truncate(KNOWN_MAX - 1);
        all.insert(0, (lines, read.clone()));
        read
    }

    fn known(&self, lines: &str) -> Option<Extensions> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(other, _)| other == lines)?;
        all[..=at].rotate_right(1);
        Some(all[0].1.clone())
    }
}

/// Whether hyper writes the name like this by itself.
fn is_title_case(name: &str) -> bool {
    let starts = std::iter::once(b'-').chain(name.bytes());
    starts.zip(name.bytes()).all(|(before, byte)| match before {
        b'-' => !byte.is_ascii_lowercase(),
        _ => !byte.is_ascii_uppercase(),
    })
}

/// Has a server read a request of these header lines. Lines that it cannot read give nothing: title case will do.
async fn read(lines: &str) -> Extensions {
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
        // What it answers nobody reads; that it read is enough.
        let _ = server.serve_connection(TokioIo::new(theirs), service).await;
    }
    std::mem::take(&mut noted.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_title_case_need_nothing() {
        for name in ["Content-Type", "User-Agent", "X-1-A", "A", ""] {
            assert!(is_title_case(name), "{name}");
        }
        for name in ["content-type", "X-AssetsUp-Signature", "webhook-id", "ETag"] {
            assert!(!is_title_case(name), "{name}");
        }
    }
}
