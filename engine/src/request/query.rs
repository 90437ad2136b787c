//! A payload as a query string, by RFC 3986: what PHP's `http_build_query` makes of it.

use crate::json::Json;

/// `event=a&data%5Bname%5D=b&data%5Btags%5D%5B0%5D=c`: true and false as 1 and 0, without nulls and empty containers.
pub(super) fn encode(payload: &Json) -> String {
    let mut out = String::new();
    if let Json::Object(members) = payload {
        for (key, value) in members {
            append(&mut out, &escape(key), value);
        }
    }
    out
}

fn append(out: &mut String, key: &str, value: &Json) {
    let text = match value {
        Json::Null => return,
        Json::Bool(true) => "1".to_owned(),
        Json::Bool(false) => "0".to_owned(),
        Json::Number(number) => escape(number.text()),
        Json::String(text) => escape(text),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                append(out, &format!("{key}%5B{index}%5D"), item);
            }
            return;
        }
        Json::Object(members) => {
            for (name, member) in members {
                append(out, &format!("{key}%5B{}%5D", escape(name)), member);
            }
            return;
        }
    };
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(key);
    out.push('=');
    out.push_str(&text);
}

/// Everything but RFC 3986's unreserved characters, percent-encoded in upper case.
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

/// The URL with this query instead of its own, and without its fragment, which no request carries.
pub(super) fn replace(url: &str, query: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    format!("{}?{query}", &url[..end])
}
