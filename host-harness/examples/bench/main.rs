//! Benchmark: the costs of the component, and the costs of a delivery beside a bare client that signs and posts the same bodies.
//!
//! All figures are measured in one run, because machines differ and only ratios can be compared: the component's size, making an
//! instance, accepting an event in memory and with SQLite's commit, and deliveries to a receiver in another process. The CPU time
//! is that of this process.

mod bare;
mod events;
mod figures;
mod receiver;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use hookwright_engine::keys::{self, KeyFamily};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Direction, Storage};
use hookwright_host::http::HttpClient;
use hookwright_host::signal::Signals;
use hookwright_host::stores::sqlite::{SqliteStore, create_schema};
use hookwright_host::{Blueprint, COMPONENT, Imports, Pool, Runtime, SealingKey, Settings, Workers};

use bare::{bare, bare_with_sqlite};
use events::{WEBHOOKS, event};
use figures::{Run, cpu_time, median, micros, middle};
use receiver::received;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("receiver") => receiver::run(),
        Some(count) => run(count.parse().context("the number of deliveries")?),
        None => run(20_000),
    }
}

fn run(deliveries: usize) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("hookwright-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = measure(deliveries, &folder);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(deliveries: usize, folder: &Path) -> Result<()> {
    println!("component                     {:>10.1} KB", COMPONENT.len() as f64 / 1_000.0);
    let runtime = Runtime::builder().build()?;
    let memory: Arc<dyn Storage + Send + Sync> = Arc::new(MemoryStore::new());
    let blueprint = blueprint(&runtime, memory)?;
    let samples: Vec<Duration> = (0..500)
        .map(|_| {
            let begun = Instant::now();
            let made = blueprint.instantiate(Signals::new());
            made.map(|_| begun.elapsed()).map_err(|error| anyhow!("{error}"))
        })
        .collect::<Result<_>>()?;
    println!("instantiate and configure     {:>10.1} us (median of {})", micros(median(samples)), 500);
    accepting("on-event, memory store", &blueprint, 5_000)?;
    let path = folder.join("accept.db");
    create_schema(&path)?;
    let sqlite: Arc<dyn Storage + Send + Sync> = Arc::new(SqliteStore::open(&path)?);
    let on_disk = self::blueprint(&runtime, sqlite)?;
    accepting("on-event, SQLite FULL", &on_disk, 1_000)?;
    accepting_together(&on_disk, 16, 4_000)?;
    drop(on_disk);
    compare(&runtime, deliveries, folder)
}

fn accepting(name: &str, blueprint: &Arc<Blueprint>, count: usize) -> Result<()> {
    let mut plugin = blueprint.instantiate(Signals::new()).map_err(|error| anyhow!("{error}"))?;
    let mut samples = Vec::with_capacity(count);
    for index in 0..count {
        let event = event(index, "a");
        let begun = Instant::now();
        plugin.on_event(Some("bench"), &event).map_err(|error| anyhow!("{error}"))?;
        samples.push(begun.elapsed());
    }
    println!("{name:<29} {:>10.1} us (median of {count})", micros(median(samples)));
    Ok(())
}

fn accepting_together(blueprint: &Arc<Blueprint>, threads: usize, count: usize) -> Result<()> {
    let pool = Pool::new(blueprint.clone(), threads);
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= count {
                            return Ok(());
                        }
                        let event = event(index, "b");
                        pool.call(|plugin| plugin.on_event(Some("bench"), &event))?;
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker panicked"))
    })
    .map_err(|error: hookwright_host::CallError| anyhow!("{error}"))?;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("on-event, SQLite, {threads} threads  {rate:>10.0} /s (one sync shared by a group)");
    Ok(())
}

/// Sends the same bodies to the same receiver in three ways, in turns. Prints the medians and the ratios of the rounds.
fn compare(runtime: &Runtime, deliveries: usize, folder: &Path) -> Result<()> {
    let mut child =
        Command::new(std::env::current_exe()?).arg("receiver").stdout(Stdio::piped()).stdin(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("the receiver's output")?).read_line(&mut line)?;
    let url = format!("http://{}/in", line.trim());
    let mut rows: Vec<[Run; 3]> = Vec::new();
    for round in 0..3 {
        let bare = bare(&url, deliveries, None)?;
        let batched = bare_with_sqlite(&url, deliveries, &folder.join(format!("batched-{round}.db")))?;
        let whole = hookwright(runtime, &url, deliveries, &folder.join(format!("whole-{round}.db")))?;
        rows.push([bare, batched, whole]);
    }
    drop(child.stdin.take());
    child.wait()?;
    let names = ["bare hyper client", "bare, SQLite in batches of 100", "hookwright, SQLite FULL"];
    println!("\n{deliveries} deliveries to {WEBHOOKS} webhooks at one receiver, three rounds in turn, medians:");
    println!("{:<32} {:>14} {:>18}", "", "deliveries/s", "CPU us/delivery");
    for (index, name) in names.iter().enumerate() {
        let rate = middle(rows.iter().map(|row| row[index].per_second).collect());
        let cpu = middle(rows.iter().map(|row| row[index].cpu_us).collect());
        println!("{name:<32} {rate:>14.0} {cpu:>18.1}");
    }
    for (index, name) in names.iter().enumerate().take(2) {
        let rate = middle(rows.iter().map(|row| row[2].per_second / row[index].per_second).collect());
        let cpu = middle(rows.iter().map(|row| row[2].cpu_us / row[index].cpu_us).collect());
        println!("hookwright / {name}: {rate:.2} of the rate, {cpu:.1} times the CPU (medians of each round's ratio)");
    }
    Ok(())
}

/// Accepts the events beforehand; The measurement begins with the start of the workers and ends with the last delivery.
fn hookwright(runtime: &Runtime, url: &str, deliveries: usize, path: &Path) -> Result<Run> {
    create_schema(path)?;
    let store = SqliteStore::open(path)?;
    let blueprint = blueprint(runtime, Arc::new(store.clone()))?;
    let pool = Pool::new(blueprint.clone(), 1);
    let call = |error: hookwright_host::CallError| anyhow!("{error}");
    for index in 0..WEBHOOKS {
        let registration =
            format!(r#"{{"name":"w{index}","url":"{url}","events":["bench.w{index}"],"secret":"{SECRET}"}}"#);
        pool.call(|plugin| plugin.register("bench", &registration)).map_err(call)?;
    }
    let events: Vec<String> = (0..deliveries).map(|index| event(index, "c")).collect();
    for chunk in events.chunks(100) {
        pool.call(|plugin| plugin.on_events(Some("bench"), chunk)).map_err(call)?;
    }
    let before = received(url)?;
    let (cpu, begun) = (cpu_time()?, Instant::now());
    let workers = Workers::start(blueprint, Signals::new(), 2)?;
    while received(url)? - before < deliveries {
        if begun.elapsed() > Duration::from_secs(300) {
            bail!("{} of {deliveries} deliveries after five minutes", received(url)? - before);
        }
        // The pause keeps the cost of asking small.
        std::thread::park_timeout(Duration::from_millis(50));
    }
    workers.stop();
    let run = Run::of(deliveries, begun.elapsed(), cpu_time()? - cpu);
    let range = keys::family_from(&KeyFamily::Queue.first());
    let left = store.scan(&range, 1, Direction::Forward).map_err(|error| anyhow!("{error:?}"))?;
    if !left.is_empty() {
        bail!("the queue is not empty: {left:?}");
    }
    Ok(run)
}

fn blueprint(runtime: &Runtime, store: Arc<dyn Storage + Send + Sync>) -> Result<Arc<Blueprint>> {
    let settings = Settings {
        sealing_keys: vec![SealingKey { id: "k1".into(), key_hex: "07".repeat(32) }],
        allow_destinations: vec!["127.0.0.0/8".into()],
        ..Settings::default()
    };
    let http = HttpClient::builder().build()?;
    Ok(Arc::new(Blueprint::new(runtime.clone(), settings, move |signals| {
        Imports::new(store.clone(), Arc::new(http.queue(signals)))
    })))
}
