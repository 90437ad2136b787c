//! Text for `Debug` without the parts that may hold a credential.

/// Returns a URL's scheme, host and port, for example `https://hooks.example.com:8443/...`. User information, path and
/// query are left out: any of them may be a credential.
pub fn url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "...".to_owned() };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let hidden = if host.len() == rest.len() { "" } else { "/..." };
    format!("{scheme}://{host}{hidden}")
}

/// Returns the names of headers. Any value may be a credential.
pub fn names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn a_shown_url_keeps_scheme_host_and_port_alone() {
        for (name, text, shown) in [
            ("path", "https://hooks.example.com:8443/services/T0/geheim", "https://hooks.example.com:8443/..."),
            ("query", "http://example.com?token=geheim", "http://example.com/..."),
            ("user information", "https://user:geheim@example.com/", "https://example.com/..."),
            ("an @ in the path", "https://example.com/a@geheim", "https://example.com/..."),
            ("host alone", "https://[::1]:9", "https://[::1]:9"),
            ("no URL", "geheim", "..."),
        ] {
            assert_eq!(url(text), shown, "{name}");
        }
    }
}
