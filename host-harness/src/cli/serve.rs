//! `hookwright serve`: the API and the workers on one store, until SIGTERM or SIGINT.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use hookwright_engine::json::InvalidText;
use hookwright_engine::ports::{Direction, KeyRange, Storage};
use hookwright_host::signal::Signals;
use hookwright_host::stores;
use hookwright_host::{Blueprint, Imports, PlainHttp, Pool, SealingKey, Server, ServerOptions, Settings, Workers};

use super::termination::Termination;
use super::{egress, open, profiles, sealing};

const AFTER_HELP: &str = "\
Examples:
  hookwright serve --store sqlite:webhooks.db --profile perscom
  HOOKWRIGHT_TOKEN=... hookwright serve --listen 127.0.0.1:0 --store memory: --allow-destination 127.0.0.0/8

stdout names the address as soon as the API listens. After SIGTERM or SIGINT, requests in progress finish first.

Exit codes: 0 after a signal; 1 failure, and stderr says why; 2 invalid command line.";

/// The options of `serve`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// Address on which the API listens; port 0 takes a free port
    #[arg(long, env = "HOOKWRIGHT_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// `sqlite:FILE`, or `memory:`, which is lost when the process exits
    #[arg(long, env = "HOOKWRIGHT_STORE", default_value = "sqlite:hookwright.db")]
    store: String,
    /// Profile of webhooks that name no format: `standard`, `perfex-assets`, `datagerry`, `perscom`, `assetsup`, or one of
    /// --profile-file
    #[arg(long, env = "HOOKWRIGHT_PROFILE", default_value = "standard")]
    profile: String,
    /// File with a profile of your own, which `--profile` and webhooks can name; may be repeated
    ///
    /// `hookwright profiles FILE` checks it.
    #[arg(long, env = "HOOKWRIGHT_PROFILE_FILE", value_name = "FILE", value_delimiter = ',')]
    profile_file: Vec<PathBuf>,
    /// Token that callers of the API present as `Authorization: Bearer`; generated and printed without this option
    #[arg(long, env = "HOOKWRIGHT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Private, loopback or reserved network that webhooks may reach; may be repeated
    #[arg(long, env = "HOOKWRIGHT_ALLOW_DESTINATION", value_name = "CIDR", value_delimiter = ',')]
    allow_destination: Vec<String>,
    /// Refuses webhooks with an `http` URL, and sends nothing to existing ones
    #[arg(long, env = "HOOKWRIGHT_HTTPS_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    https_only: bool,
    /// `User-Agent` of the requests, for example `Shop/1.0`; without this option that of the profile, or `Hookwright/<version>`
    #[arg(long, env = "HOOKWRIGHT_USER_AGENT", value_name = "TEXT")]
    user_agent: Option<String>,
    /// Rule for U+0000 and halves of surrogate pairs in events: they are kept, become U+FFFD, or are refused
    #[arg(long, env = "HOOKWRIGHT_INVALID_TEXT", value_enum, default_value_t = InvalidTextRule::Keep)]
    invalid_text: InvalidTextRule,
    /// Most webhooks of one tenant, 1 to 1,000,000
    #[arg(long, env = "HOOKWRIGHT_WEBHOOKS_PER_TENANT", value_name = "N",
        default_value_t = hookwright_engine::limits::WEBHOOKS_PER_TENANT_MAX)]
    webhooks_per_tenant: u32,
    /// Time after which a webhook that fails without a success is disabled, in seconds; 0: never
    #[arg(long, env = "HOOKWRIGHT_DISABLE_AFTER_S", value_name = "SECONDS",
        default_value_t = hookwright_engine::limits::DISABLE_AFTER_S)]
    disable_after_s: u32,
    /// Number of consecutive failed deliveries after which a webhook is disabled; 0: never
    #[arg(long, env = "HOOKWRIGHT_DISABLE_AFTER_DELIVERIES", value_name = "N", default_value_t = 0)]
    disable_after_deliveries: u32,
    /// Time that messages and their attempts are kept, counted from their routing, in seconds; 0: without limit
    #[arg(long, env = "HOOKWRIGHT_RETENTION_S", value_name = "SECONDS",
        default_value_t = hookwright_engine::limits::RETENTION_S)]
    retention_s: u32,
    #[command(flatten)]
    egress: egress::Egress,
    /// Path of a component to use instead of the built-in one
    #[arg(long, env = "HOOKWRIGHT_COMPONENT", value_name = "FILE")]
    component: Option<PathBuf>,
    /// File with the keys that seal secrets, one `id:hex` a line, the first active; made beside the database without this option
    #[arg(long, env = "HOOKWRIGHT_SEALING_KEY_FILE", value_name = "FILE")]
    sealing_key_file: Option<PathBuf>,
    /// Number of workers
    #[arg(long, env = "HOOKWRIGHT_WORKERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Most API calls at a time, each with an instance of its own
    #[arg(long, env = "HOOKWRIGHT_CALLS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    calls: u16,
}

/// The values of `--invalid-text`.
#[derive(Clone, Copy, clap::ValueEnum)]
enum InvalidTextRule {
    /// They are sent as the escapes \u0000 and \ud800
    Keep,
    /// Each becomes U+FFFD
    Replace,
    /// The event is refused
    Refuse,
}

impl From<InvalidTextRule> for InvalidText {
    fn from(rule: InvalidTextRule) -> InvalidText {
        match rule {
            InvalidTextRule::Keep => InvalidText::Keep,
            InvalidTextRule::Replace => InvalidText::Replace,
            InvalidTextRule::Refuse => InvalidText::Refuse,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("listen", &self.listen).field("store", &self.store).finish_non_exhaustive()
    }
}

/// Serves until SIGTERM or SIGINT, then waits for requests in progress.
pub fn run(options: &Options) -> Result<ExitCode> {
    // First, so that no signal comes before the process listens for it.
    let termination = Termination::listen()?;
    let store = stores::open(&options.store)?;
    let settings = Settings {
        profile: options.profile.clone(),
        profiles: profiles::read(&options.profile_file)?,
        sealing_keys: sealing_keys(options, &*store)?,
        allow_destinations: options.allow_destination.clone(),
        plain_http: if options.https_only { PlainHttp::Refused } else { PlainHttp::Allowed },
        user_agent: options.user_agent.clone(),
        invalid_text: options.invalid_text.into(),
        webhooks_per_tenant_max: Some(options.webhooks_per_tenant),
        disable_after_s: Some(options.disable_after_s),
        disable_after_deliveries: Some(options.disable_after_deliveries),
        retention_s: Some(options.retention_s),
    };
    let http = options.egress.client()?;
    let runtime = open::runtime(options.component.as_deref())?;
    let blueprint = Arc::new(Blueprint::new(runtime, settings, move |signals| {
        Imports::new(store.clone(), Arc::new(http.queue(signals)))
    }));
    let pool = Arc::new(Pool::new(blueprint.clone(), usize::from(options.calls)));
    // The first instance shows whether the component accepts the settings: at the start and not at the first event.
    pool.call(|_| Ok(())).context("configuring the component")?;

    let _presence = open::Presence::announce(&options.store, || {
        let freed = pool
            .call(|plugin| plugin.reclaim_leases())
            .context("reclaiming the leases of a process that was killed")?;
        if freed > 0 {
            eprintln!("hookwright: reclaimed {freed} leases of a process that was killed");
        }
        Ok(())
    })?;

    let listener = TcpListener::bind(options.listen).with_context(|| format!("listening on {}", options.listen))?;
    let signals = Signals::new();
    let workers =
        Workers::start(blueprint, signals.clone(), usize::from(options.workers)).context("starting the workers")?;
    let server = Server::start(
        listener,
        pool,
        signals,
        ServerOptions { token: token(options)?, calls_max: usize::from(options.calls) },
    )?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", server.address()).and_then(|()| stdout.flush()).context("writing")?;

    termination.wait();
    eprintln!("hookwright: stopping; requests in flight finish first");
    server.stop();
    workers.stop();
    Ok(ExitCode::SUCCESS)
}

fn sealing_keys(options: &Options, store: &dyn Storage) -> Result<Vec<SealingKey>> {
    if let Some(path) = &options.sealing_key_file {
        return sealing::read(path);
    }
    match open::sealing_key_file(&options.store) {
        // Secrets in memory are lost with the process, so their key need not be kept.
        None => Ok(vec![sealing::random()?]),
        Some(path) => {
            // With a new key the service would start, but could not open the stored secrets.
            let rows = KeyRange { start: "a".to_owned(), end: "z".to_owned() };
            let used = store
                .scan(&rows, 1, Direction::Forward)
                .map_err(|error| anyhow::anyhow!("reading the store: {error:?}"))?;
            anyhow::ensure!(
                used.is_empty() || path.exists(),
                "the store has rows, but its sealing key {} is missing; restore it, or name another with --sealing-key-file",
                path.display()
            );
            let sealing::Keys { keys, is_new } = sealing::read_or_make(&path)?;
            if is_new {
                eprintln!(
                    "hookwright: made the sealing key {} (mode 600); without it the webhooks' secrets are lost: \
                     back it up with the database, or name another with --sealing-key-file",
                    path.display()
                );
            }
            Ok(keys)
        }
    }
}

fn token(options: &Options) -> Result<String> {
    match &options.token {
        Some(token) => Ok(token.clone()),
        None => {
            let mut bytes = [0; 24];
            getrandom::fill(&mut bytes).context("reading random bytes")?;
            let token = hex::encode(bytes);
            eprintln!("hookwright: no --token was given; this token is valid until the process exits: {token}");
            Ok(token)
        }
    }
}
