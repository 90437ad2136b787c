//! The outbound proxy. Each connection, for `http` and for `https`, is a tunnel to a permitted address.
//!
//! The proxy resolves no names, and sees no request of an `https` webhook. The address is checked before the proxy is asked.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use base64::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::network::Network;
use super::race::{addresses, race};

/// The longest response of a proxy to `CONNECT`.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// An HTTP proxy that supports `CONNECT`.
pub(super) struct Proxy {
    host: String,
    port: u16,
    /// The header line, or an empty text.
    authorization: String,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Parses `http://user:password@host:port`. No error quotes it.
    pub(super) fn parse(text: &str) -> anyhow::Result<Proxy> {
        let url = Url::parse(text).context("the proxy is not a URL: write http://host:port")?;
        // The error does not quote the text before the first colon, because that may be a user name.
        ensure!(
            url.scheme() == "http",
            "the proxy's URL does not begin with http://: only http:// proxies are supported"
        );
        let rest = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        ensure!(rest, "the proxy's URL has a path or a query: write http://host:port");
        let host = url.host_str().context("the proxy's URL has no host: write http://host:port")?.to_owned();
        let mut authorization = String::new();
        if !url.username().is_empty() || url.password().is_some() {
            let mut credentials = decoded(url.username());
            credentials.push(b':');
            credentials.extend(decoded(url.password().unwrap_or_default()));
            let credentials = base64::engine::general_purpose::STANDARD.encode(credentials);
            authorization = format!("Proxy-Authorization: Basic {credentials}\r\n");
        }
        Ok(Proxy { host, port: url.port_or_known_default().unwrap_or(80), authorization })
    }

    /// Returns a connection through the proxy to the address. The error is one sentence for the log.
    pub(super) async fn tunnel(&self, network: &Arc<dyn Network>, to: SocketAddr) -> Result<TcpStream, String> {
        let found = addresses(&**network, &self.host).await.map_err(|error| format!("it does not resolve: {error}"))?;
        let mut stream = race(network, found, self.port).await.map_err(|error| error.to_string())?;
        let asking = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{}\r\n", self.authorization);
        stream.write_all(asking.as_bytes()).await.map_err(|error| error.to_string())?;
        match answer(&mut stream).await? {
            200..=299 => Ok(stream),
            407 => Err("it answered 407: its credentials are missing or wrong".to_owned()),
            status => Err(format!("it answered {status} when it was asked for {to}")),
        }
    }
}

/// Reads a proxy's response up to the end of its head, and returns the status.
async fn answer(stream: &mut TcpStream) -> Result<u16, String> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if head.len() >= ANSWER_BYTES_MAX {
            return Err("its response is too long".to_owned());
        }
        match stream.read_buf(&mut head).await {
            Ok(0) => return Err("it closed the connection".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    };
    let status = head.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    let status = status.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
    match status {
        None => Err("it does not speak HTTP/1".to_owned()),
        // In a tunnel the client sends first, with TLS as with HTTP.
        Some(200..=299) if end < head.len() => Err("it sent data before the client did".to_owned()),
        Some(status) => Ok(status),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_urls_are_parsed() {
        let check = |text: &str, host: &str, port: u16, authorization: &str| {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!((proxy.host.as_str(), proxy.port, proxy.authorization.as_str()), (host, port, authorization));
        };
        check("http://proxy.example", "proxy.example", 80, "");
        check("http://[::1]:3128/", "[::1]", 3128, "");
        check("http://a:b@p:8080", "p", 8080, "Proxy-Authorization: Basic YTpi\r\n");
        check("http://a%40x:%3A@p:8080", "p", 8080, "Proxy-Authorization: Basic YUB4Ojo=\r\n");
    }

    #[test]
    fn bad_proxy_url_is_refused_without_quoting_it() {
        for text in
            ["a:geheim@p", "socks5://a:geheim@p:1", "https://a:geheim@p", "http://a:geheim@p/x", "http://a:geheim@"]
        {
            let error = format!("{:#}", Proxy::parse(text).unwrap_err());
            assert!(error.contains("proxy") && !error.contains("geheim"), "{error}");
        }
        assert!(!format!("{:?}", Proxy::parse("http://a:geheim@p").unwrap()).contains("geheim"));
    }
}
