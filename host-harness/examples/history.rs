//! Replays scripted histories (`tests/data/history`) in this host with injected clock, random bytes and network. Prints their
//! outcomes: results, requests, commits and the final rows. The other hosts' outcomes are compared with them.
//!
//!     cargo run --example history < tests/data/history/histories.json

use std::io::Read;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use hookwright_engine::ErrorKind;
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{
    Check, Clock, Completion, Direction, Entropy, Entry, Http, HttpError, HttpErrorKind, KeyRange, Mutation, Request,
    Response, Signal, Storage, StorageError, WaitResult,
};
use hookwright_host::{
    ApiRequest, Budget, CallError, Caller, Imports, PlainHttp, Plugin, Runtime, SealingKey, Settings,
};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("reading stdin")?;
    let histories: Vec<Value> = serde_json::from_str(&text).context("the histories")?;
    let runtime = Runtime::builder().build()?;
    let came = histories.iter().map(|history| replay(&runtime, history)).collect::<Result<Vec<_>>>()?;
    println!("{}", Value::Array(came));
    Ok(())
}

/// Replays one history.
pub fn replay(runtime: &Runtime, history: &Value) -> Result<Value> {
    let world = Arc::new(World::default());
    let imports = Imports::new(world.clone(), world.clone()).clock(world.clone()).entropy(world.clone());
    let mut plugin = runtime.instantiate(imports, &settings(&history["config"])).context("configuring")?;
    let mut answers = Vec::new();
    for step in history["steps"].as_array().context("steps")? {
        world.begin(step);
        let step = &resolved(step, &answers)?;
        answers.push(match call(&mut plugin, step)? {
            Ok(answer) => answer,
            Err(CallError::Refused(error)) => json!({"error": {
                "kind": word(error.kind), "field": error.field, "message": error.message, "hint": error.hint,
            }}),
            Err(CallError::Trapped(trap)) => bail!("{step}: {}", trap.reason),
        });
    }
    world.end(answers)
}

/// Replaces the numbers of earlier results in a step by the ids that these results contain.
pub fn resolved(step: &Value, answers: &[Value]) -> Result<Value> {
    let mut step = step.clone();
    for name in ["id", "message"] {
        let Some(number) = step[name].as_str().and_then(|id| id.strip_prefix('#')) else { continue };
        let answer = answers.get(number.parse::<usize>()?).with_context(|| format!("there is no answer {number}"))?;
        // The result is a list of accepted messages, or an object as text.
        let id = match answer.as_str() {
            Some(text) => serde_json::from_str::<Value>(text)?["id"].clone(),
            None => answer[0].clone(),
        };
        step[name] = id;
    }
    Ok(step)
}

fn settings(config: &Value) -> Settings {
    let texts = |name: &str| config[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Settings {
        profile: config["profile"].as_str().unwrap_or("standard").to_owned(),
        sealing_keys: vec![SealingKey { id: "k1".to_owned(), key_hex: "07".repeat(32) }],
        allow_destinations: texts("allowDestinations").collect(),
        plain_http: PlainHttp::Allowed,
        ..Settings::default()
    }
}

/// Returns the kind's name in the WIT.
fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "invalid",
        ErrorKind::TooLarge => "too-large",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::Unavailable | ErrorKind::Blocked => "unavailable",
        ErrorKind::TransactionAborted => "transaction-aborted",
        ErrorKind::Internal => "internal",
    }
}

/// Makes the call of a step and returns its result as JSON.
fn call(plugin: &mut Plugin, step: &Value) -> Result<Result<Value, CallError>> {
    let text = |name: &str| step[name].as_str();
    let (tenant, id) = (text("tenant").unwrap_or("acme"), text("id").unwrap_or_default());
    let (message, json) = (text("message").unwrap_or_default(), text("json").unwrap_or_default());
    let limit = step["limit"].as_u64().and_then(|limit| u32::try_from(limit).ok()).unwrap_or(50);
    let of_text = |answer: Result<String, CallError>| answer.map(Value::from);
    Ok(match text("call").context("call")? {
        "onEvent" => plugin.on_event(text("tenant"), json).map(|one| json!([one.message_id, one.new])),
        "onEvents" => {
            let events = step["events"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            let accepted = plugin.on_events(text("tenant"), &events.collect::<Vec<_>>());
            accepted.map(|all| all.iter().flat_map(|one| [json!(one.message_id), json!(one.new)]).collect())
        }
        "register" => of_text(plugin.register(tenant, json)),
        "update" => of_text(plugin.update(tenant, id, json)),
        "get" => of_text(plugin.get(tenant, id)),
        "list" => of_text(plugin.list(tenant, None, limit)),
        "settings" => of_text(plugin.settings(tenant)),
        "updateSettings" => of_text(plugin.update_settings(tenant, json)),
        "unregister" => plugin.unregister(tenant, id).map(|()| Value::Null),
        "rotateSecret" => of_text(plugin.rotate_secret(tenant, id, text("secret"), None)),
        "testWebhook" => of_text(plugin.test_webhook(tenant, id, None)),
        "attempts" => of_text(plugin.attempts(tenant, id, None, limit)),
        "message" => of_text(plugin.message(tenant, message)),
        "messageAttempts" => of_text(plugin.message_attempts(tenant, message, None, limit)),
        "payload" => of_text(plugin.payload(tenant, message, id)),
        "explain" => of_text(plugin.explain(tenant, message, id)),
        "redeliver" => of_text(plugin.redeliver(tenant, message, text("id"))),
        "recover" => of_text(plugin.recover(tenant, id, json)),
        "replay" => of_text(plugin.replay(tenant, id, json)),
        "erase" => of_text(plugin.erase(tenant, json)),
        "job" => of_text(plugin.job(tenant, id)),
        "jobs" => of_text(plugin.jobs(tenant, None, limit)),
        "cancelJob" => of_text(plugin.cancel_job(tenant, id)),
        "eventTypes" => of_text(plugin.event_types()),
        "reclaimLeases" => plugin.reclaim_leases().map(Value::from),
        "deliver" => plugin.deliver(Budget { time_ms: 60_000, attempts_max: 1_000 }).map(|report| {
            json!([report.routed, report.attempts, report.delivered, report.next_due_ms, report.problems])
        }),
        "handle" => {
            let request = ApiRequest {
                method: text("method").unwrap_or("GET").to_owned(),
                path: text("path").unwrap_or("/").to_owned(),
                query: text("query").unwrap_or_default().to_owned(),
                body: json.to_owned(),
            };
            let permissions = vec!["manage:webhook".to_owned()];
            let caller = Caller { tenant: tenant.to_owned(), user: Some("u1".to_owned()), permissions };
            plugin.handle(&request, &caller).map(|answer| json!([answer.status, answer.headers, answer.body]))
        }
        other => bail!("there is no call {other}"),
    })
}

/// The imports of an instance: rows in memory, a clock that only steps and waits move, counted bytes, planned responses.
#[derive(Debug, Default)]
pub struct World {
    store: MemoryStore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now_us: u64,
    random: u64,
    planned: Vec<Value>,
    finished: Vec<Completion>,
    requests: Vec<Value>,
    commits: Vec<Value>,
}

impl World {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Sets the clock and the planned responses of a step.
    pub fn begin(&self, step: &Value) {
        let mut state = self.state();
        state.now_us = step["atMs"].as_u64().map_or(state.now_us, |ms| ms * 1_000);
        state.planned = step["answers"].as_array().cloned().unwrap_or_default();
    }

    /// Returns the outcome of a history.
    pub fn end(&self, answers: Vec<Value>) -> Result<Value> {
        let range = KeyRange { start: "!".to_owned(), end: "~".to_owned() };
        let rows = self.store.scan(&range, 1_000, Direction::Forward).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let rows: Vec<_> = rows.iter().map(|row| json!([row.key, row.value, row.version.to_string()])).collect();
        let state = self.state();
        Ok(json!({"answers": answers, "requests": state.requests, "commits": state.commits, "rows": rows}))
    }
}

impl Storage for World {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.store.scan(range, limit, order)
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        let checked: Vec<_> =
            checks.iter().map(|check| json!([check.key, check.version.map(|version| version.to_string())])).collect();
        let changed: Vec<_> = mutations
            .iter()
            .map(|mutation| match mutation {
                Mutation::Put { key, value } => json!(["put", key, value]),
                Mutation::Delete { key } => json!(["delete", key]),
            })
            .collect();
        self.state().commits.push(json!([checked, changed]));
        self.store.commit(checks, mutations)
    }
}

impl Http for World {
    fn submit(&self, requests: Vec<Request>) {
        let mut state = self.state();
        for request in requests {
            state.requests.push(json!([
                request.method,
                request.url,
                request.headers,
                request.body,
                request.timeout_ms,
                request.response_bytes_max,
                request.egress.allow,
                request.egress.deny,
            ]));
            let planned = if state.planned.is_empty() { json!(200) } else { state.planned.remove(0) };
            let result = match planned.as_u64().and_then(|status| u16::try_from(status).ok()) {
                Some(status) => {
                    Ok(Response { status, headers: Vec::new(), body: "{\"seen\":true}".to_owned(), truncated: false })
                }
                None => Err(HttpError { kind: HttpErrorKind::Connect, detail: "nobody there".to_owned() }),
            };
            state.finished.push(Completion { id: request.id, duration_ms: 7, result });
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let mut state = self.state();
        if state.finished.is_empty() {
            state.now_us += u64::from(timeout_ms) * 1_000;
        }
        WaitResult { completions: std::mem::take(&mut state.finished), signal: Signal::None }
    }
}

impl Clock for World {
    fn now_us(&self) -> u64 {
        self.state().now_us
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.state();
        for byte in buffer {
            state.random += 1;
            *byte = u8::try_from(state.random * 167 % 251).unwrap_or_default();
        }
    }
}
