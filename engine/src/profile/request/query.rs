//! A payload as a query string, by RFC 3986, as PHP's `http_build_query` writes it.

use crate::support::json::Json;

/// Returns a query like `event=a&data%5Bname%5D=b&data%5Btags%5D%5B0%5D=c`, with true and false as 1 and 0, and without
/// nulls and empty containers. `None`: it has more than `bytes_max` bytes.
pub(super) fn encode(payload: &Json, bytes_max: usize) -> Option<String> {
    let mut query = Query { out: String::new(), key: String::new(), bytes_max };
    if let Json::Object(members) = payload {
        for (key, value) in members {
            query.key = escape(key);
            query.append(value);
        }
    }
    (query.out.len() <= bytes_max).then_some(query.out)
}

struct Query {
    out: String,
    /// The key of the current value, escaped. All values share one buffer, because a long key may have many values.
    key: String,
    bytes_max: usize,
}

impl Query {
    /// Writes a value. Writing stops once the query is too long.
    fn append(&mut self, value: &Json) {
        if self.out.len() > self.bytes_max {
            return;
        }
        match value {
            Json::Null => {}
            Json::Bool(value) => self.leaf(if *value { "1" } else { "0" }),
            Json::Number(number) => self.leaf(number.text()),
            Json::String(text) => self.leaf(text),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), item);
                }
            }
            Json::Object(members) => {
                for (name, member) in members {
                    self.below(name, member);
                }
            }
        }
    }

    fn below(&mut self, name: &str, value: &Json) {
        let length = self.key.len();
        self.key.push_str("%5B");
        self.key.push_str(&escape(name));
        self.key.push_str("%5D");
        self.append(value);
        self.key.truncate(length);
    }

    fn leaf(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('&');
        }
        self.out.push_str(&self.key);
        self.out.push('=');
        self.out.push_str(&escape(text));
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters, with upper-case digits. It is hand-written because a
/// library for it would be longer to configure.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

/// Returns the URL with this query in place of its own, and without its fragment, which no request carries.
pub(super) fn replace(url: &str, query: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    format!("{}?{query}", &url[..end])
}
