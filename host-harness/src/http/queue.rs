//! The requests of one instance, each on its way in a task, each ending in exactly one completion.
//!
//! It decides nothing about a request; it starts, awaits and aborts.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Http, HttpError, HttpErrorKind, Request, Response, WaitResult};
use tokio::task::AbortHandle;

use super::error::failure;
use super::send::exchange;
use super::{HttpClient, Route};
use crate::wake::{Mailbox, Wakes};

/// The requests of one instance. Dropping it aborts those in flight.
#[derive(Debug)]
pub struct Queue {
    client: HttpClient,
    wakes: Wakes,
    mailbox: Arc<Mailbox>,
    in_flight: Mutex<HashMap<u64, AbortHandle>>,
}

impl Queue {
    pub(super) fn new(client: HttpClient, wakes: Wakes) -> Queue {
        Queue { client, wakes, mailbox: Arc::default(), in_flight: Mutex::default() }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<u64, AbortHandle>> {
        // Nothing panics half-way under it, so a poisoned map is a good map.
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http for Queue {
    fn submit(&self, requests: Vec<Request>) {
        let mut in_flight = self.in_flight();
        for request in requests {
            let id = request.id;
            let ticket = Ticket { id, submitted: Instant::now(), mailbox: self.mailbox.clone(), stage: Stage::Open };
            let task = self.client.0.handle.spawn(travel(self.client.route(&request.egress), request, ticket));
            in_flight.insert(id, task.abort_handle());
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let some_in_flight = !self.in_flight().is_empty();
        let timeout = Duration::from_millis(timeout_ms.into());
        let (completions, wake) = self.wakes.wait_at(&self.mailbox, some_in_flight, timeout);
        if !completions.is_empty() {
            let mut in_flight = self.in_flight();
            for completion in &completions {
                in_flight.remove(&completion.id);
            }
        }
        WaitResult { completions, signal: wake }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        for task in self.in_flight.get_mut().unwrap_or_else(PoisonError::into_inner).values() {
            task.abort();
        }
    }
}

fn travel(
    route: Result<Arc<Route>, HttpError>,
    request: Request,
    ticket: Ticket,
) -> impl Future<Output = ()> + Send + 'static {
    let deadline = ticket.submitted + Duration::from_millis(request.timeout_ms.into());
    async move {
        let result = match route {
            Ok(route) => exchange(&route, request, deadline.into()).await,
            Err(error) => Err(error),
        };
        ticket.close(result).await;
    }
}

/// A request's claim to exactly one completion: a task that dies without one (a panic, a runtime that stops) leaves one
/// all the same.
struct Ticket {
    id: u64,
    submitted: Instant,
    mailbox: Arc<Mailbox>,
    stage: Stage,
}

enum Stage {
    Open,
    Unrung,
    Closed,
}

impl Ticket {
    async fn close(mut self, result: Result<Response, HttpError>) {
        if self.put(result) {
            // What else has arrived by now gets in before the waiter is woken: waking it costs as much as a request.
            self.stage = Stage::Unrung;
            tokio::task::yield_now().await;
            self.mailbox.ring();
        }
        self.stage = Stage::Closed;
    }

    fn put(&self, result: Result<Response, HttpError>) -> bool {
        let duration_ms = u32::try_from(self.submitted.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.mailbox.put(Completion { id: self.id, duration_ms, result })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match self.stage {
            Stage::Open => {
                self.put(Err(failure(HttpErrorKind::Internal, "the request was abandoned by the client")));
                self.mailbox.ring();
            }
            Stage::Unrung => self.mailbox.ring(),
            Stage::Closed => {}
        }
    }
}
