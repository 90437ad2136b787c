//! The bare client to compare with: it signs and posts the same bodies.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::events::body;
use crate::figures::{Run, cpu_time};

/// The number of requests in flight: as many as all lanes of the run have together.
const CONCURRENCY: usize = 64;
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Signs and posts with a pooled hyper client. With a store, each batch of 100 is inserted before and moved to a log after.
pub fn bare(url: &str, deliveries: usize, mut store: Option<rusqlite::Connection>) -> Result<Run> {
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

pub fn bare_with_sqlite(url: &str, deliveries: usize, path: &Path) -> Result<Run> {
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
