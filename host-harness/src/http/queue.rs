//! The requests of one instance. Each runs in a task and ends in exactly one completion.
//!
//! The queue starts requests, waits for them and aborts them. It decides nothing about them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Http, HttpError, HttpErrorKind, Request, Response, WaitResult};
use tokio::task::AbortHandle;

use super::error::failure;
use super::routes::{Route, Routes};
use super::send::exchange;
use crate::signal::{Mailbox, Signals};

/// The requests of one instance. Dropping the queue aborts the requests in flight.
#[derive(Debug)]
pub struct Queue {
    routes: Arc<Routes>,
    signals: Signals,
    mailbox: Arc<Mailbox>,
    in_flight: Mutex<HashMap<u64, AbortHandle>>,
}

impl Queue {
    pub(super) fn new(routes: Arc<Routes>, signals: Signals) -> Queue {
        Queue { routes, signals, mailbox: Arc::default(), in_flight: Mutex::default() }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<u64, AbortHandle>> {
        // No code panics while it holds the lock, so a poisoned map is consistent.
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http for Queue {
    fn submit(&self, requests: Vec<Request>) {
        let mut in_flight = self.in_flight();
        for request in requests {
            let id = request.id;
            let ticket = Ticket { id, submitted: Instant::now(), mailbox: self.mailbox.clone(), stage: Stage::Open };
            let task = self.routes.handle().spawn(travel(self.routes.of(&request.egress), request, ticket));
            in_flight.insert(id, task.abort_handle());
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let some_in_flight = !self.in_flight().is_empty();
        let timeout = Duration::from_millis(timeout_ms.into());
        let result = self.signals.wait_at(&self.mailbox, some_in_flight, timeout);
        if !result.completions.is_empty() {
            let mut in_flight = self.in_flight();
            for completion in &result.completions {
                in_flight.remove(&completion.id);
            }
        }
        result
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

/// Guarantees one completion for each request. If the task ends without one, because of a panic or because its runtime stops,
/// dropping the ticket reports an error.
struct Ticket {
    id: u64,
    submitted: Instant,
    mailbox: Arc<Mailbox>,
    stage: Stage,
}

enum Stage {
    /// There is no completion yet.
    Open,
    /// The completion is in the mailbox, and its waiter is not woken yet.
    Unrung,
    Closed,
}

impl Ticket {
    async fn close(mut self, result: Result<Response, HttpError>) {
        if self.put(result) {
            // Other responses that have arrived are put in before the waiter is woken, because waking costs as much as a
            // request.
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
                self.put(Err(failure(HttpErrorKind::Internal, "the client abandoned the request")));
                self.mailbox.ring();
            }
            Stage::Unrung => self.mailbox.ring(),
            Stage::Closed => {}
        }
    }
}
