//! The options about the way out: whom TLS trusts, and the proxy. Where requests may go is the component's to decide.

use std::path::PathBuf;

use anyhow::{Context, Result};
use hookwright_host::http::HttpClient;

/// The options about the way out.
#[derive(clap::Args)]
pub struct Egress {
    /// Certificates that TLS trusts beside the platform's, as a PEM file; may be repeated.
    #[arg(long, env = "HOOKWRIGHT_CA_FILE", value_name = "FILE", value_delimiter = ',')]
    ca_file: Vec<PathBuf>,
    /// Sends everything through this HTTP proxy, `http://user:password@host:port`.
    #[arg(long, env = "HOOKWRIGHT_PROXY", value_name = "URL", hide_env_values = true)]
    proxy: Option<String>,
}

impl Egress {
    /// The client that they ask for.
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
