//! Name resolution: the system's resolver, on threads of its own, with bounds.
//!
//! It calls the system's `getaddrinfo` and not a DNS library, so that a name means here what it means to every other program
//! on the machine: `/etc/hosts`, search domains, `nsswitch.conf` (mDNS, LDAP, containers), the order of `gai.conf`, the split
//! DNS of a VPN. The hosts in other languages do the same. The price is that a call blocks a thread and cannot be cancelled.
//! Three bounds keep slow names from delaying others:
//!
//! - A name is looked up once at a time. All requests that need it share the result.
//! - A lookup does not start if the deadlines of all requests that waited for it have passed.
//! - A name whose last lookup was slow uses other threads than the rest, and so does a lookup once it has become slow.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

use crate::limits::{LOOKUPS_MAX, SLOW_LOOKUP_MS, SLOW_LOOKUPS_MAX, SLOW_NAMES_MAX};

/// The result of a lookup, as all requests that wait for it get it.
type Found = Result<Vec<IpAddr>, String>;
/// Where a lookup puts its result. Its subscribers wait for it.
type Pending = Arc<watch::Sender<Option<Found>>>;
/// A blocking lookup.
type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Looks names up. Clones share the threads.
#[derive(Clone)]
pub(super) struct Resolver(Arc<Shared>);

struct Shared {
    look_up: Box<LookUp>,
    slow_after: Duration,
    /// One permit for each lookup of a name that is not known to be slow.
    usual: Arc<Semaphore>,
    /// One permit for each lookup that is slow, or whose name is known to be.
    slow: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Lookups that wait for a thread or run, by name.
    pending: HashMap<String, Pending>,
    /// Names whose last lookup was slow.
    slow_names: HashSet<String>,
}

/// How many lookups run at a time, and when one counts as slow.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    usual_max: usize,
    slow_max: usize,
    slow_after: Duration,
}

impl Resolver {
    /// The system's resolver.
    pub(super) fn system() -> Resolver {
        let bounds = Bounds {
            usual_max: LOOKUPS_MAX,
            slow_max: SLOW_LOOKUPS_MAX,
            slow_after: Duration::from_millis(SLOW_LOOKUP_MS),
        };
        Resolver::new(bounds, |name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }

    fn new(bounds: Bounds, look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Resolver {
        Resolver(Arc::new(Shared {
            look_up: Box::new(look_up),
            slow_after: bounds.slow_after,
            usual: Arc::new(Semaphore::new(bounds.usual_max)),
            slow: Arc::new(Semaphore::new(bounds.slow_max)),
            state: Mutex::default(),
        }))
    }

    /// Returns the addresses of a name. Dropping the future ends the wait at once. Call it inside a tokio runtime.
    pub(super) async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut result = self.subscribe(name);
        let found = result.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        found.unwrap_or_else(|| Err("the lookup was abandoned".to_owned())).map_err(io::Error::other)
    }

    /// Joins the lookup of this name that is pending, or begins one.
    fn subscribe(&self, name: &str) -> watch::Receiver<Option<Found>> {
        let mut state = self.0.state();
        if let Some(pending) = state.pending.get(name) {
            return pending.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        let pending = Arc::new(sender);
        state.pending.insert(name.to_owned(), pending.clone());
        let is_slow = state.slow_names.contains(name);
        tokio::spawn(run(self.0.clone(), name.to_owned(), pending, is_slow));
        receiver
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, so a poisoned state is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a pending lookup without subscribers. Returns true if it did.
    fn remove_abandoned(&self, name: &str, pending: &Pending) -> bool {
        let mut state = self.state();
        let is_abandoned = pending.receiver_count() == 0;
        if is_abandoned {
            state.pending.remove(name);
        }
        is_abandoned
    }

    /// Starts the blocking call on a thread. A thread that dies drops the sender.
    fn start(self: &Arc<Shared>, name: &str) -> io::Result<oneshot::Receiver<io::Result<Vec<IpAddr>>>> {
        let (sender, receiver) = oneshot::channel();
        let (shared, name) = (self.clone(), name.to_owned());
        let thread = std::thread::Builder::new().name("hookwright-dns".to_owned());
        thread.spawn(move || drop(sender.send((shared.look_up)(&name))))?;
        Ok(receiver)
    }

    fn note_slow(&self, name: &str) {
        let mut state = self.state();
        if state.slow_names.len() >= SLOW_NAMES_MAX {
            state.slow_names.clear();
        }
        state.slow_names.insert(name.to_owned());
    }
}

/// One lookup, from the wait for a thread to its result.
async fn run(shared: Arc<Shared>, name: String, pending: Pending, is_known_slow: bool) {
    let permits = if is_known_slow { &shared.slow } else { &shared.usual };
    let mut permit = permits.clone().acquire_owned().await.expect("the semaphores are never closed");
    if shared.remove_abandoned(&name, &pending) {
        return;
    }
    let found = match shared.start(&name) {
        Err(error) => Err(error),
        Ok(mut answer) => {
            let in_time = timeout(shared.slow_after, &mut answer).await;
            let is_slow = in_time.is_err();
            if is_slow {
                shared.note_slow(&name);
                if let (false, Ok(slow)) = (is_known_slow, shared.slow.clone().try_acquire_owned()) {
                    permit = slow;
                }
            }
            let answer = match in_time {
                Ok(answer) => answer,
                Err(_) => answer.await,
            };
            if !is_slow {
                shared.state().slow_names.remove(&name);
            }
            answer.unwrap_or_else(|_| Err(io::Error::other("the resolver's thread ended")))
        }
    };
    drop(permit);
    // Out of the table first: a request that comes later begins a lookup of its own.
    shared.state().pending.remove(&name);
    pending.send_replace(Some(found.map_err(|error| error.to_string())));
}

#[cfg(test)]
mod tests;
