//! A payload as a query string, by RFC 3986, as PHP's `http_build_query` writes it.

use crate::profile::vocabulary::OwnQuery;
use crate::support::json::{Json, unicode};
use crate::support::percent;

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

/// Percent-encodes all of a tree's text but RFC 3986's unreserved characters, with upper-case digits. Half of a surrogate
/// pair is U+FFFD, because it has no bytes. It is hand-written because a
/// library for it would be longer to configure.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in unicode(text).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

/// Returns the URL with this query, behind its own or in place of it, and without its fragment, which no request carries.
pub(super) fn join(url: &str, own_query: OwnQuery, query: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (base, own) = url.split_once('?').unwrap_or((url, ""));
    let own = if own_query == OwnQuery::Keep { own.trim_end_matches('&') } else { "" };
    let between = if own.is_empty() || query.is_empty() { "" } else { "&" };
    format!("{base}?{own}{between}{query}")
}

/// Returns the names of the parameters of a URL's own query, decoded. `a[b]` is `a`, because the payload's `a[c]` would
/// belong to the same parameter.
pub(crate) fn own_names(url: &str) -> Vec<String> {
    let url = url.split('#').next().unwrap_or_default();
    let (_, own) = url.split_once('?').unwrap_or_default();
    let name = |pair: &str| {
        let name = percent::decode_form(pair.split('=').next().unwrap_or_default());
        name.split('[').next().unwrap_or_default().to_owned()
    };
    own.split('&').filter(|pair| !pair.is_empty()).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_of_the_url_is_kept_or_replaced() {
        use OwnQuery::{Keep, Replace};
        for (name, url, own, joined) in [
            ("none", "https://h/in", Keep, "https://h/in?p=1"),
            ("one", "https://h/in?token=abc", Keep, "https://h/in?token=abc&p=1"),
            ("several", "https://h/in?a=1&b[]=2&c", Keep, "https://h/in?a=1&b[]=2&c&p=1"),
            ("a question mark alone", "https://h/in?", Keep, "https://h/in?p=1"),
            ("an & at the end", "https://h/in?a=1&", Keep, "https://h/in?a=1&p=1"),
            ("a second question mark", "https://h?a=b?c", Keep, "https://h?a=b?c&p=1"),
            ("a fragment", "https://h/in?a=1#top?x", Keep, "https://h/in?a=1&p=1"),
            ("replaced", "https://h/in?token=abc", Replace, "https://h/in?p=1"),
        ] {
            assert_eq!(join(url, own, "p=1"), joined, "{name}");
        }
        assert_eq!(join("https://h/in?a=1", Keep, ""), "https://h/in?a=1");
        assert_eq!(join("https://h/in", Keep, ""), "https://h/in?");
    }

    #[test]
    fn names_of_parameters_are_decoded() {
        let names = own_names("https://h/?token=a%3Db&t%79pe=x&data%5Bx%5D=1&flag&&a+b=1&%zz=1");
        assert_eq!(names, ["token", "type", "data", "flag", "a b", "%zz"]);
        assert_eq!(own_names("https://h/in?"), Vec::<String>::new());
        assert_eq!(own_names("https://h/in"), Vec::<String>::new());
    }
}
