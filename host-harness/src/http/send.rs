//! One request: it is converted, sent, and its response is read, all within the request's deadline.

use std::time::Instant as StdInstant;

use bytes::Bytes;
use hookwright_engine::ports::{HttpError, HttpErrorKind, Request, Response};
use http::header::ACCEPT_ENCODING;
use http::{HeaderName, HeaderValue, Method, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::body::{Collected, Collector, READABLE_ENCODINGS, Room};
use super::connect::Version;
use super::error::{broken_body, classify, failure, wants_http1, wants_other_http};
use super::routes::Route;

/// How many headers of a response are reported. The rest is dropped.
const RESPONSE_HEADERS_MAX: usize = 100;

/// Sends the request and reads its response.
pub(super) async fn exchange(route: &Route, request: Request, deadline: Instant) -> Result<Response, HttpError> {
    let (timeout_ms, body_bytes_max) = (request.timeout_ms, request.response_bytes_max);
    let late = |what: &str| failure(HttpErrorKind::Timeout, format!("{what} within {timeout_ms} ms"));
    let Outgoing { request: mut outgoing, names } = express(request)?;
    let responding = async {
        *outgoing.extensions_mut() = route.spellings().of(names.iter().map(String::as_str)).await;
        if outgoing.uri().scheme() == Some(&http::uri::Scheme::HTTPS) {
            secure(route, outgoing).await
        } else {
            route.plain().request(outgoing).await.map_err(|error| classify(&error))
        }
    };
    let response = timeout_at(deadline, responding).await.map_err(|_| late("no response"))??;
    let (head, incoming) = response.into_parts();
    let encoding = head.headers.get(http::header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let collector = Collector::new(encoding, body_bytes_max);
    let collected =
        timeout_at(deadline, collect(incoming, collector)).await.map_err(|_| late("the response did not end"))??;
    let headers = head.headers.iter().take(RESPONSE_HEADERS_MAX);
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), lossy(value))).collect();
    let Collected { text: body, truncated } = collected;
    Ok(Response { status: head.status.as_u16(), headers, body, truncated })
}

/// Sends a request over TLS: with HTTP/1.1, unless the receiver accepts only HTTP/2. Changes the version only after an error that
/// guarantees that the request was not processed.
async fn secure(route: &Route, outgoing: http::Request<Full<Bytes>>) -> Result<http::Response<Incoming>, HttpError> {
    let receiver = outgoing.uri().authority().map(ToString::to_string).unwrap_or_default();
    let known = route.http2_only();
    if known.has(&receiver, StdInstant::now()) {
        match route.tls(Version::Http2).await?.request(outgoing.clone()).await {
            // The receiver may have been set up anew.
            Err(error) if wants_http1(&error) || wants_other_http(&error) => known.forget(&receiver),
            result => return result.map_err(|error| classify(&error)),
        }
    }
    match route.tls(Version::Http1).await?.request(outgoing.clone()).await {
        Err(error) if wants_other_http(&error) => {
            known.remember(&receiver, StdInstant::now());
            let result = route.tls(Version::Http2).await?.request(outgoing).await;
            result.map_err(|error| {
                if wants_http1(&error) || wants_other_http(&error) {
                    known.forget(&receiver);
                }
                classify(&error)
            })
        }
        result => result.map_err(|error| classify(&error)),
    }
}

/// Reads until the end of the body or the limit. If a rest is left unread, dropping the body closes the connection.
async fn collect(mut incoming: Incoming, mut collector: Collector) -> Result<Collected, HttpError> {
    while !incoming.is_end_stream() {
        match incoming.frame().await {
            None => break,
            Some(Err(error)) => return Err(broken_body(&error)),
            Some(Ok(frame)) => {
                if frame.data_ref().is_some_and(|data| collector.push(data) == Room::None) {
                    break;
                }
            }
        }
    }
    Ok(collector.finish())
}

/// A request in the client's types.
struct Outgoing {
    request: http::Request<Full<Bytes>>,
    /// The header names as the engine spells them.
    names: Vec<String>,
}

/// Converts a request. The error quotes neither the URL nor the value of a header.
fn express(request: Request) -> Result<Outgoing, HttpError> {
    let mut outgoing = http::Request::new(Full::new(request.body.map(Bytes::from).unwrap_or_default()));
    *outgoing.method_mut() = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| failure(HttpErrorKind::InvalidRequest, "the method is not a token"))?;
    *outgoing.uri_mut() = target(&request.url)?;
    let headers = outgoing.headers_mut();
    headers.reserve(request.headers.len() + 3);
    let mut names = Vec::with_capacity(request.headers.len());
    for (name, value) in request.headers {
        let refused =
            |what| failure(HttpErrorKind::InvalidRequest, format!("the {what} of header `{name}` is not valid"));
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused("name"))?;
        // A value may be a secret, so no error quotes it.
        let value = HeaderValue::try_from(value).map_err(|_| refused("value"))?;
        headers.append(parsed, value);
        names.push(name);
    }
    headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static(READABLE_ENCODINGS));
    Ok(Outgoing { request: outgoing, names })
}

/// Parses the URL into the one spelling that both the address check and the connection read: `http://0x7f.1` becomes
/// `http://127.0.0.1/` here.
fn target(text: &str) -> Result<Uri, HttpError> {
    let refused = |why: &str| failure(HttpErrorKind::InvalidRequest, format!("the URL {why}"));
    let mut url = Url::parse(text).map_err(|error| refused(&format!("is not valid: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("is neither `http` nor `https`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("holds credentials"));
    }
    if url.port() == Some(0) {
        return Err(refused("has port 0"));
    }
    url.set_fragment(None);
    Uri::try_from(String::from(url)).map_err(|_| refused("cannot be sent"))
}

fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
