//! The figures: what the component costs, and what a delivery costs beside a bare client that signs and posts the same bodies.
//!
//! Everything is measured in one run, because machines differ and ratios travel: the component's size, making an
//! instance, accepting an event inside the component and with SQLite's commit, then deliveries to a receiver in a process
//! of its own. CPU is this process's, the receiver's is not in it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::Storage;
use hookwright_host::http::HttpClient;
use hookwright_host::stores::sqlite::{SqliteStore, create_schema};
use hookwright_host::wake::Wakes;
use hookwright_host::{Blueprint, COMPONENT, Imports, Pool, Pump, Runtime, SealingKey, Settings};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};

/// Requests in flight of the bare client: as many as the lanes of the run have together.
const CONCURRENCY: usize = 64;
/// Webhooks that the deliveries are spread over.
const WEBHOOKS: usize = 8;
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("receiver") => receiver(),
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

fn measure(deliveries: usize, folder: &std::path::Path) -> Result<()> {
    println!("component                     {:>10.1} KB", COMPONENT.len() as f64 / 1_000.0);
    let runtime = Runtime::builder().build()?;
    let memory: Arc<dyn Storage + Send + Sync> = Arc::new(MemoryStore::new());
    let blueprint = blueprint(&runtime, memory)?;
    let samples: Vec<Duration> = (0..500)
        .map(|_| {
            let begun = Instant::now();
            let made = blueprint.instantiate(Wakes::new());
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
    let mut plugin = blueprint.instantiate(Wakes::new()).map_err(|error| anyhow!("{error}"))?;
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

/// The same bodies to the same receiver, three ways, in turns: each way's best and the ratios of the rounds.
fn compare(runtime: &Runtime, deliveries: usize, folder: &std::path::Path) -> Result<()> {
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

struct Run {
    per_second: f64,
    cpu_us: f64,
}

/// Accepts the events beforehand; what is measured is from the pump's start to the last settled delivery.
fn hookwright(runtime: &Runtime, url: &str, deliveries: usize, path: &std::path::Path) -> Result<Run> {
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
    let pump = Pump::start(blueprint, Wakes::new(), 2)?;
    while received(url)? - before < deliveries {
        if begun.elapsed() > Duration::from_secs(300) {
            bail!("{} of {deliveries} deliveries after five minutes", received(url)? - before);
        }
        // Asked seldom, so that asking does not count for much.
        std::thread::park_timeout(Duration::from_millis(50));
    }
    pump.stop();
    let run = Run::of(deliveries, begun.elapsed(), cpu_time()? - cpu);
    let range = hookwright_engine::ports::KeyRange { start: "queue/".into(), end: "queue0".into() };
    let left =
        store.scan(&range, 1, hookwright_engine::ports::Direction::Forward).map_err(|error| anyhow!("{error:?}"))?;
    if !left.is_empty() {
        bail!("the queue is not empty: {left:?}");
    }
    Ok(run)
}

impl Run {
    fn of(deliveries: usize, wall: Duration, cpu: Duration) -> Run {
        Run { per_second: deliveries as f64 / wall.as_secs_f64(), cpu_us: micros(cpu) / deliveries as f64 }
    }
}

/// Signs and posts with a pooled hyper client, so many at a time; `store` is told of each batch of 100 before and after.
fn bare(url: &str, deliveries: usize, mut store: Option<rusqlite::Connection>) -> Result<Run> {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (cpu, begun) = (cpu_time()?, Instant::now());
    let batch = if store.is_some() { 100 } else { deliveries };
    for first in (0..deliveries).step_by(batch) {
        let last = (first + batch).min(deliveries);
        if let Some(store) = &mut store {
            let transaction = store.transaction()?;
            for index in first..last {
                transaction.execute("INSERT INTO outbox VALUES (?1, ?2)", (row(index), body(index)))?;
            }
            transaction.commit()?;
        }
        tokio.block_on(post(&client, url, first, last))?;
        if let Some(store) = &mut store {
            let transaction = store.transaction()?;
            for index in first..last {
                transaction.execute("DELETE FROM outbox WHERE id = ?1", [row(index)])?;
                transaction.execute("INSERT INTO log VALUES (?1, 200)", [row(index)])?;
            }
            transaction.commit()?;
        }
    }
    Ok(Run::of(deliveries, begun.elapsed(), cpu_time()? - cpu))
}

fn row(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

fn bare_with_sqlite(url: &str, deliveries: usize, path: &std::path::Path) -> Result<Run> {
    let store = rusqlite::Connection::open(path)?;
    store.pragma_update(None, "journal_mode", "wal")?;
    store.pragma_update(None, "synchronous", "full")?;
    store.execute_batch("CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT); CREATE TABLE log (id INTEGER PRIMARY KEY, status INTEGER)")?;
    bare(url, deliveries, Some(store))
}

async fn post(client: &Client<HttpConnector, Full<Bytes>>, url: &str, first: usize, last: usize) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(first));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONCURRENCY {
        let (client, url, next) = (client.clone(), url.to_owned(), next.clone());
        tasks.spawn(async move {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= last {
                    return Ok::<(), anyhow::Error>(());
                }
                let request = signed(&url, index)?;
                let response = client.request(request).await?;
                let ok = response.status().is_success();
                response.into_body().collect().await?;
                if !ok {
                    bail!("the receiver refused");
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}

fn signed(url: &str, index: usize) -> Result<hyper::Request<Full<Bytes>>> {
    use base64::Engine as _;
    let (id, body) = (format!("msg_{index:026}"), body(index));
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY)?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    Ok(hyper::Request::post(url)
        .header("content-type", "application/json")
        .header("user-agent", "bench")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", format!("v1,{signature}"))
        .body(Full::new(Bytes::from(body)))?)
}

fn data(index: usize) -> String {
    format!(
        r#"{{"id":"inv_{index}","amount":4200,"memo":"résumé/{index}","lines":[{{"sku":"A-1","quantity":2,"price":"10.50"}},{{"sku":"B-22","quantity":1,"price":"99.00"}}],"customer":{{"id":77,"name":"Example Ltd","country":"DE"}}}}"#
    )
}

fn event(index: usize, run: &str) -> String {
    let webhook = index % WEBHOOKS;
    format!(
        r#"{{"type":"bench.w{webhook}","id":"{run}-{index}","occurredAt":"2025-02-04T12:00:00.000Z","data":{}}}"#,
        data(index)
    )
}

fn body(index: usize) -> String {
    let webhook = index % WEBHOOKS;
    format!(r#"{{"type":"bench.w{webhook}","timestamp":"2025-02-04T12:00:00.000Z","data":{}}}"#, data(index))
}

fn blueprint(runtime: &Runtime, store: Arc<dyn Storage + Send + Sync>) -> Result<Arc<Blueprint>> {
    let settings = Settings {
        sealing_keys: vec![SealingKey { id: "k1".into(), key_hex: "07".repeat(32) }],
        allow_destinations: vec!["127.0.0.0/8".into()],
        ..Settings::default()
    };
    let http = HttpClient::builder().build()?;
    Ok(Arc::new(Blueprint::new(runtime.clone(), settings, move |wakes| {
        Imports::new(store.clone(), Arc::new(http.queue(wakes)))
    })))
}

/// A receiver that counts, in a process of its own: `POST` counts, `GET` answers the count. Ends with its input.
fn receiver() -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().lines().count();
        std::process::exit(0);
    });
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let count = Arc::new(AtomicUsize::new(0));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let count = count.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let count = count.clone();
                    async move {
                        if request.method() == hyper::Method::GET {
                            let count = count.load(Ordering::Relaxed).to_string();
                            return Ok::<_, hyper::Error>(hyper::Response::new(Full::new(Bytes::from(count))));
                        }
                        request.into_body().collect().await?;
                        count.fetch_add(1, Ordering::Relaxed);
                        Ok(hyper::Response::new(Full::new(Bytes::from_static(b"ok"))))
                    }
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

fn received(url: &str) -> Result<usize> {
    use std::io::Read;
    let authority = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let mut stream = std::net::TcpStream::connect(authority)?;
    write!(stream, "GET / HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    answer.rsplit("\r\n").next().unwrap_or_default().parse().context("the receiver's count")
}

/// User and system time of this process.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("CPU time is read from /proc, so from Linux")?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples[samples.len() / 2]
}

fn middle(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
