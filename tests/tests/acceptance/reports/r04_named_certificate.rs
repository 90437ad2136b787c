//! Certificates that the operator names.

use super::tls::check;

#[test]
fn named_certificate_is_accepted_from_its_receiver() {
    check("04-named-certificate");
}
