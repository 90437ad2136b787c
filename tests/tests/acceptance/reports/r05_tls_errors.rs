//! Errors of TLS in sentences.

use super::tls::check;

#[test]
fn failed_session_is_explained_in_a_sentence() {
    check("05-tls-errors");
}
