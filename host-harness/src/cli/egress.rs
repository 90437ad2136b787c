//! The options for outgoing requests: trusted certificates and the proxy. The component decides where requests may go.

use std::path::PathBuf;

use anyhow::{Context, Result};
use hookwright_host::http::HttpClient;

/// The options for outgoing requests.
#[derive(clap::Args)]
pub struct Egress {
    /// PEM file with certificates that TLS trusts in addition to the platform's; may be repeated
    #[arg(long, env = "HOOKWRIGHT_CA_FILE", value_name = "FILE", value_delimiter = ',')]
    ca_file: Vec<PathBuf>,
    /// HTTP proxy for all requests, `http://user:password@host:port`
    #[arg(long, env = "HOOKWRIGHT_PROXY", value_name = "URL", hide_env_values = true)]
    proxy: Option<String>,
}

impl Egress {
    /// Makes the client with these options.
    pub fn client(&self) -> Result<HttpClient> {
        let mut builder = HttpClient::builder();
        for path in &self.ca_file {
            let what = || format!("--ca-file {}", path.display());
            let pem = std::fs::read(path).with_context(what)?;
            builder = builder.roots_pem(pem).with_context(what)?;
        }
        if let Some(url) = &self.proxy {
            builder = builder.proxy(url).context("--proxy")?;
        }
        builder.build()
    }
}
