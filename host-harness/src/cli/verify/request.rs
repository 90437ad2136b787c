//! An HTTP request as text, for example from a log or from `nc`.

use anyhow::{Context, Result, bail, ensure};
use hookwright_engine::verify::Received;

/// A request. Not printed, because its parts may contain credentials.
#[derive(Default)]
pub struct Request {
    pub method: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Parses a request line, headers, an empty line and a body. Lines may end with a single line feed.
    pub fn parse(bytes: &[u8]) -> Result<Request> {
        let mut rest = bytes;
        let request_line = line(&mut rest).context("it has no empty line after its headers")?;
        let request_line = std::str::from_utf8(request_line).context("its request line is not text")?;
        let mut words = request_line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            bail!("its first line is not `POST /path HTTP/1.1`");
        };
        ensure!(version.starts_with("HTTP/"), "its first line is not `POST /path HTTP/1.1`");
        let mut headers = Vec::new();
        loop {
            match line(&mut rest).context("it has no empty line after its headers")? {
                b"" => break,
                field => headers.push(header(&String::from_utf8_lossy(field))?),
            }
        }
        let value =
            |name: &str| headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        ensure!(value("transfer-encoding").is_none(), "its body is in chunks; save the decoded body and use --body");
        ensure!(value("content-encoding").is_none(), "its body is compressed; unpack it and use --body");
        if let Some(length) = value("content-length") {
            let length: usize = length.parse().context("its Content-Length is not a number")?;
            ensure!(length <= rest.len(), "its body has {} bytes, not {length} as its Content-Length says", rest.len());
            rest = &rest[..length];
        }
        let query = target.split_once('?').map_or("", |(_, query)| query);
        Ok(Request { method: method.to_owned(), query: query.to_owned(), headers, body: rest.to_vec() })
    }

    /// Returns the request in the engine's type.
    pub fn received(&self) -> Received<'_> {
        Received { method: &self.method, query: &self.query, headers: &self.headers, body: &self.body }
    }
}

/// Parses `Name: value`. The error does not quote the value, which may be a secret.
pub fn header(line: &str) -> Result<(String, String)> {
    let (name, value) = line.split_once(':').context("a header is not `Name: value`")?;
    let name = name.trim();
    ensure!(!name.is_empty(), "a header has no name");
    Ok((name.to_owned(), value.trim().to_owned()))
}

/// Returns the next line without its line end. `None` if no line end follows.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let at = rest.iter().position(|byte| *byte == b'\n')?;
    let line = &rest[..at];
    *rest = &rest[at + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares `method|query|headers|body`, or a part of the error.
    fn check(text: &str, expected: &str) {
        let found = match Request::parse(text.as_bytes()) {
            Ok(request) => {
                let headers: Vec<_> = request.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let body = String::from_utf8(request.body).unwrap();
                format!("{}|{}|{}|{body}", request.method, request.query, headers.join(","))
            }
            Err(error) => format!("{error:#}"),
        };
        assert!(found.contains(expected), "{text:?}: {found}");
    }

    #[test]
    fn requests_are_parsed_or_refused_with_a_reason() {
        check("POST /in HTTP/1.1\r\nA: b\r\nC:d \r\n\r\n{}\n", "POST||A=b,C=d|{}\n");
        check("POST /in?x=1 HTTP/1.1\nA: b:c\n\n", "POST|x=1|A=b:c|");
        check("POST / HTTP/1.1\ncontent-length: 2\n\n{}\n", "POST||content-length=2|{}");
        check("POST / HTTP/1.1\ncontent-length: 4\n\n{}\n", "its body has 3 bytes, not 4");
        check("POST / HTTP/1.1\ncontent-length: x\n\n{}\n", "Content-Length is not a number");
        check("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n2\n{}\n0\n\n", "in chunks");
        check("POST / HTTP/1.1\nContent-Encoding: gzip\n\n?", "compressed");
        check("POST / HTTP/1.1\nA: b\n", "no empty line");
        check("POST / HTTP/1.1\nno header\n\n", "not `Name: value`");
        check("POST / HTTP/1.1\n: v\n\n", "a header has no name");
        check("{}\n\n", "its first line");
        check("a b c\n\n", "its first line");
        check("", "no empty line");
    }
}
