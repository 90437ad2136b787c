//! `hookwright serve`: store, client, component, pump and API put together, until a signal.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use hookwright_engine::ports::{Direction, KeyRange, Storage};
use hookwright_host::stores;
use hookwright_host::wake::Wakes;
use hookwright_host::{Blueprint, Imports, PlainHttp, Pool, Pump, SealingKey, Server, ServerOptions, Settings};

use super::signals::Signals;
use super::{egress, open, profiles, sealing};

const AFTER_HELP: &str = "\
Examples:
  hookwright serve --store sqlite:webhooks.db --profile perscom
  HOOKWRIGHT_TOKEN=... hookwright serve --listen 127.0.0.1:0 --store memory: --allow-destination 127.0.0.0/8

Once it listens, stdout says where. SIGTERM and SIGINT let everything in progress end first.

Exit codes: 0 after a signal; 1 it failed, and stderr says why; 2 the command line makes no sense.";

/// The options of `serve`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// Where the API listens; port 0 takes a free one.
    #[arg(long, env = "HOOKWRIGHT_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// `sqlite:FILE`, or `memory:` for as long as the process lives.
    #[arg(long, env = "HOOKWRIGHT_STORE", default_value = "sqlite:hookwright.db")]
    store: String,
    /// The dialect that is spoken: `standard`, `perfex-assets`, `datagerry`, `perscom`, `assetsup`, or one of a file.
    #[arg(long, env = "HOOKWRIGHT_PROFILE", default_value = "standard")]
    profile: String,
    /// A profile of your own, which `--profile` and webhooks can name; may be repeated. `hookwright profiles FILE` checks it.
    #[arg(long, env = "HOOKWRIGHT_PROFILE_FILE", value_name = "FILE", value_delimiter = ',')]
    profile_file: Vec<PathBuf>,
    /// What callers of the API present as `Authorization: Bearer`; made and printed if there is none.
    #[arg(long, env = "HOOKWRIGHT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A network that webhooks may reach although it is private, loopback or reserved; may be repeated.
    #[arg(long, env = "HOOKWRIGHT_ALLOW_DESTINATION", value_name = "CIDR", value_delimiter = ',')]
    allow_destination: Vec<String>,
    /// Refuses webhooks whose URL is `http`; those that there are already get nothing any more.
    #[arg(long, env = "HOOKWRIGHT_HTTPS_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    https_only: bool,
    /// How many webhooks a tenant may have: 1 to 1,000,000.
    #[arg(long, env = "HOOKWRIGHT_WEBHOOKS_PER_TENANT", value_name = "N",
        default_value_t = hookwright_engine::limits::WEBHOOKS_PER_TENANT_MAX)]
    webhooks_per_tenant: u32,
    /// How long a webhook may fail without a success until it is disabled, in seconds; 0: for ever.
    #[arg(long, env = "HOOKWRIGHT_DISABLE_AFTER_S", value_name = "SECONDS",
        default_value_t = hookwright_engine::limits::DISABLE_AFTER_S)]
    disable_after_s: u32,
    /// After how many deliveries in a row that failed, with all their attempts, a webhook is disabled; 0: never.
    #[arg(long, env = "HOOKWRIGHT_DISABLE_AFTER_DELIVERIES", value_name = "N", default_value_t = 0)]
    disable_after_deliveries: u32,
    /// How long messages and their attempts are kept once all deliveries have ended, in seconds; 0: for ever.
    #[arg(long, env = "HOOKWRIGHT_RETENTION_S", value_name = "SECONDS",
        default_value_t = hookwright_engine::limits::RETENTION_S)]
    retention_s: u32,
    #[command(flatten)]
    egress: egress::Egress,
    /// Another component than the embedded one.
    #[arg(long, env = "HOOKWRIGHT_COMPONENT", value_name = "FILE")]
    component: Option<PathBuf>,
    /// The keys that seal secrets, `id:hex` a line, the first active; made beside the database if there is none.
    #[arg(long, env = "HOOKWRIGHT_SEALING_KEY_FILE", value_name = "FILE")]
    sealing_key_file: Option<PathBuf>,
    /// Workers that deliver.
    #[arg(long, env = "HOOKWRIGHT_WORKERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Calls of the API at a time, each with an instance of its own.
    #[arg(long, env = "HOOKWRIGHT_CALLS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    calls: u16,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("listen", &self.listen).field("store", &self.store).finish_non_exhaustive()
    }
}

/// Serves until SIGTERM or SIGINT, then lets everything in progress end.
pub fn run(options: &Options) -> Result<ExitCode> {
    // First of all, so that no signal can come before somebody listens for it.
    let signals = Signals::listen()?;
    let store = stores::open(&options.store)?;
    let settings = Settings {
        profile: options.profile.clone(),
        profiles: profiles::read(&options.profile_file)?,
        sealing_keys: sealing_keys(options, &*store)?,
        allow_destinations: options.allow_destination.clone(),
        plain_http: if options.https_only { PlainHttp::Refused } else { PlainHttp::Allowed },
        webhooks_per_tenant_max: Some(options.webhooks_per_tenant),
        disable_after_s: Some(options.disable_after_s),
        disable_after_deliveries: Some(options.disable_after_deliveries),
        retention_s: Some(options.retention_s),
    };
    let http = options.egress.client()?;
    let runtime = open::runtime(options.component.as_deref())?;
    let blueprint = Arc::new(Blueprint::new(runtime, settings, move |wakes| {
        Imports::new(store.clone(), Arc::new(http.queue(wakes)))
    }));
    let pool = Arc::new(Pool::new(blueprint.clone(), usize::from(options.calls)));
    // The first instance says whether the component takes the settings; better now than at the first event.
    pool.call(|_| Ok(())).context("configuring the component")?;

    let _presence = open::Presence::announce(&options.store, || {
        let freed =
            pool.call(|plugin| plugin.reclaim_leases()).context("taking over what a killed process had leased")?;
        if freed > 0 {
            eprintln!("hookwright: took over {freed} webhooks' queues from a process that did not end by itself");
        }
        Ok(())
    })?;

    let listener = TcpListener::bind(options.listen).with_context(|| format!("listening on {}", options.listen))?;
    let wakes = Wakes::new();
    let pump = Pump::start(blueprint, wakes.clone(), usize::from(options.workers)).context("starting the workers")?;
    let server = Server::start(
        listener,
        pool,
        wakes,
        ServerOptions { token: token(options)?, calls_max: usize::from(options.calls) },
    )?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", server.address()).and_then(|()| stdout.flush()).context("writing")?;

    signals.wait();
    eprintln!("hookwright: stopping; what is in flight is settled first");
    server.stop();
    pump.stop();
    Ok(ExitCode::SUCCESS)
}

fn sealing_keys(options: &Options, store: &dyn Storage) -> Result<Vec<SealingKey>> {
    if let Some(path) = &options.sealing_key_file {
        return sealing::read(path);
    }
    match open::sealing_key_file(&options.store) {
        // Secrets do not outlive a store in memory, and neither need their keys.
        None => Ok(vec![sealing::random()?]),
        Some(path) => {
            // A new key beside old secrets would look like a start, and open none of them.
            let rows = KeyRange { start: "a".to_owned(), end: "z".to_owned() };
            let used = store
                .scan(&rows, 1, Direction::Forward)
                .map_err(|error| anyhow::anyhow!("reading the store: {error:?}"))?;
            anyhow::ensure!(
                used.is_empty() || path.exists(),
                "the store is in use, but its sealing key {} is missing: put it back, or name it with --sealing-key-file",
                path.display()
            );
            let (keys, made) = sealing::read_or_make(&path)?;
            if made {
                eprintln!(
                    "hookwright: made the sealing key {} (mode 600); without it the webhooks' secrets are lost: \
                     keep it with the database, or give another with --sealing-key-file",
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
            getrandom::fill(&mut bytes).context("asking for random bytes")?;
            let token = hex::encode(bytes);
            eprintln!("hookwright: no --token was given; this one is good until the process ends: {token}");
            Ok(token)
        }
    }
}
