//! The kinds of faults that users report about webhook software, tried on the real binary. `tests/data/reports` has the rows; each module
//! below runs those of one file.

mod literal_addresses;
mod r01_rotation;
mod r02_own_query;
mod r03_unread_bodies;
mod r04_named_certificate;
mod r05_tls_errors;
mod r06_http_versions;
mod r07_accept;
mod r08_retry_after;
mod r09_pasted_space;
mod r10_needless_headers;
mod r11_credentials_in_url;
mod r12_invalid_text;
mod r20_statuses;
mod r22_patterns;
mod r23_filters;
mod r24_pause;
mod responder;
mod tls;

use serde_json::Value;

/// Returns the texts of a list.
fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// Returns a file in `tests/data/reports`.
fn document(file: &str) -> Value {
    let path = format!("{}/data/reports/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the rows of a kind of report, from its file in `tests/data/reports`. Panics if there are none.
fn cases(file: &str) -> Vec<Value> {
    let document = document(file);
    let cases = document["cases"].as_array().cloned().unwrap_or_default();
    assert!(!cases.is_empty(), "{file} has no cases");
    for case in &cases {
        assert!(case["name"].is_string(), "{file}: a case without a name: {case}");
    }
    cases
}
