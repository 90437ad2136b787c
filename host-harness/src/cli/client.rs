//! Calls of a running `serve`, repeated while it does not respond. The commands decide what the responses mean.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use super::limits::{ANSWER_BYTES_MAX, CALL_MS_MAX, RETRY_PAUSE_MS_MAX, RETRY_PAUSE_MS_MIN};
use super::text;

/// The options of every command that calls a running `serve`.
#[derive(clap::Args)]
#[group(id = "client")]
pub struct Options {
    /// URL of `serve`, `http` or `https`
    #[arg(long, env = "HOOKWRIGHT_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Token of `serve`
    ///
    /// Other users of the machine can see the option, but not the variable.
    #[arg(long, env = "HOOKWRIGHT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: String,
    /// Tenant of events or webhooks that name none; `default` without this option
    #[arg(long, env = "HOOKWRIGHT_TENANT", value_name = "TENANT")]
    tenant: Option<String>,
    /// How long a call is repeated while `serve` cannot be reached or answers 503, in seconds
    #[arg(long, env = "HOOKWRIGHT_RETRY_S", value_name = "SECONDS", default_value_t = 30)]
    retry_s: u32,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a credential.
        f.debug_struct("Options").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Options {
    /// Returns the tenant of --tenant.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }
}

/// A client of the API. Its calls block.
pub struct ApiClient {
    runtime: tokio::runtime::Runtime,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
    retry: Duration,
}

/// One call of the API.
#[derive(Clone, Default)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub tenant: Option<String>,
    pub user: Option<String>,
    pub body: Bytes,
}

/// A response of the API. The body may contain a secret.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// The error of a call that may be repeated: there was no response, or a temporary refusal. It is not known whether the call took
/// effect.
#[derive(Debug)]
pub struct Lost(String);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lost {}

/// The members of a problem document that are shown.
#[derive(Default, Deserialize)]
pub struct Problem {
    #[serde(default)]
    pub detail: String,
    pub field: Option<String>,
}

impl Answer {
    /// Returns the problem document. Its members are empty if the body is not one.
    pub fn problem(&self) -> Problem {
        let mut problem: Problem = serde_json::from_str(&self.body).unwrap_or_default();
        problem.detail = text::plain(&problem.detail);
        problem
    }

    /// Returns the reason of a refusal as one sentence.
    pub fn refusal(&self) -> String {
        match (self.status, self.problem().detail) {
            (status, detail) if detail.is_empty() => {
                format!("HTTP {status} without a problem document; is --url a hookwright service?")
            }
            (status, detail) => format!("{detail} (HTTP {status})"),
        }
    }
}

impl ApiClient {
    /// Makes a client with these options. Fails if the URL, the token or the tenant is invalid.
    pub fn new(options: &Options) -> Result<ApiClient> {
        let base = options.url.trim_end_matches('/').to_owned();
        // Not quoted, because the text before the @ may contain a password.
        ensure!(!base.contains('@'), "--url contains credentials: remove them, and give the token with --token");
        let uri: Uri = base.parse().with_context(|| format!("--url {:?}", options.url))?;
        let is_plain = matches!(uri.scheme_str(), Some("http"));
        ensure!(
            (is_plain || uri.scheme_str() == Some("https")) && uri.host().is_some() && uri.query().is_none(),
            "--url {:?} is not http://HOST:PORT or https://HOST",
            options.url
        );
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", options.token)).ok().context("--token is not visible ASCII")?;
        authorization.set_sensitive(true);
        for name in options.tenant.iter() {
            HeaderValue::try_from(name).ok().with_context(|| format!("--tenant {name:?} is not visible ASCII"))?;
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a client")?;
        let http = Client::builder(TokioExecutor::new()).build(connector(is_plain)?);
        let retry = Duration::from_secs(options.retry_s.into());
        Ok(ApiClient { runtime, http, base, authorization, retry })
    }

    /// Returns how long a call is repeated.
    pub fn retry(&self) -> Duration {
        self.retry
    }

    /// Makes a call once.
    pub fn call(&self, call: &Call) -> Result<Answer, Lost> {
        let limit = Duration::from_millis(CALL_MS_MAX);
        let timed = async { tokio::time::timeout(limit, self.send(call)).await };
        let answer =
            self.runtime.block_on(timed).unwrap_or_else(|_| Err(format!("no response within {CALL_MS_MAX} ms")));
        match answer {
            Ok(answer) if matches!(answer.status, 408 | 429 | 502..=504) => Err(Lost(answer.refusal())),
            Ok(answer) => Ok(answer),
            Err(why) => Err(Lost(format!("{}: {why}", self.base))),
        }
    }

    /// Makes a call and repeats it while there is no response, up to --retry-s. Only for calls that may be made twice.
    pub fn call_patiently(&self, call: &Call) -> Result<Answer, Lost> {
        let mut patience = Patience::new(self.retry);
        loop {
            match self.call(call) {
                Err(lost) if patience.wait(&lost) => {}
                answered => return answered,
            }
        }
    }

    async fn send(&self, call: &Call) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.base, call.path))
            .header("authorization", self.authorization.clone())
            .header("content-type", "application/json");
        for (name, value) in [("x-tenant", &call.tenant), ("x-user", &call.user)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(Full::new(call.body.clone())).map_err(|error| chain(&error))?;
        let response = self.http.request(request).await.map_err(|error| chain(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| format!("the response broke off: {error}"))?.to_bytes();
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// The pauses between attempts, and the time after which a command gives up.
pub struct Patience {
    begun: Instant,
    limit: Duration,
    pause: Duration,
    told: bool,
}

impl Patience {
    pub fn new(limit: Duration) -> Patience {
        Patience { begun: Instant::now(), limit, pause: Duration::from_millis(RETRY_PAUSE_MS_MIN), told: false }
    }

    /// Waits before the next attempt. Returns false if the time is up.
    pub fn wait(&mut self, lost: &Lost) -> bool {
        let left = self.limit.saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return false;
        }
        if !self.told {
            eprintln!("hookwright: {lost}; trying again for up to {} s", left.as_secs().max(1));
            self.told = true;
        }
        std::thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(Duration::from_millis(RETRY_PAUSE_MS_MAX));
        true
    }
}

/// Makes the connector. The system's roots are read only for `https`.
fn connector(is_plain: bool) -> Result<HttpsConnector<HttpConnector>> {
    let builder = HttpsConnectorBuilder::new();
    let provider = rustls::crypto::ring::default_provider();
    let builder = if is_plain {
        let config = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
        let config = config.context("preparing TLS")?.with_root_certificates(RootCertStore::empty());
        builder.with_tls_config(config.with_no_client_auth())
    } else {
        builder.with_provider_and_native_roots(provider).context("reading the system's certificates")?
    };
    Ok(builder.https_or_http().enable_http1().build())
}

/// Returns an error's text with those of its sources, because hyper's own texts say little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
