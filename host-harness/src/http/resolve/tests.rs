//! Tests of the resolver's bounds, with a scripted system resolver.

use std::net::Ipv4Addr;
use std::sync::Condvar;
use std::time::Instant;

use tokio::runtime::Runtime;

use super::*;

/// Longer than any step that works, and a bound on a test that does not.
const PATIENCE: Duration = Duration::from_secs(20);

/// A system resolver with scripted names: those that begin with `slow` block until they are released.
#[derive(Default)]
struct System {
    state: Mutex<Script>,
    changed: Condvar,
}

#[derive(Default)]
struct Script {
    begun: Vec<String>,
    is_released: bool,
}

impl System {
    fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut script = self.state.lock().unwrap();
        script.begun.push(name.to_owned());
        self.changed.notify_all();
        while name.starts_with("slow") && !script.is_released {
            script = self.changed.wait(script).unwrap();
        }
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }

    fn wait_until_begun(&self, count: usize) {
        let script = self.state.lock().unwrap();
        let wait = self.changed.wait_timeout_while(script, PATIENCE, |script| script.begun.len() < count);
        let (script, waited) = wait.unwrap();
        assert!(!waited.timed_out(), "only {:?} have begun", script.begun);
    }

    fn release(&self, is_released: bool) {
        self.state.lock().unwrap().is_released = is_released;
        self.changed.notify_all();
    }

    fn begun(&self) -> Vec<String> {
        self.state.lock().unwrap().begun.clone()
    }
}

struct Bench {
    runtime: Runtime,
    system: Arc<System>,
    resolver: Resolver,
}

impl Bench {
    fn new(usual_max: usize, slow_max: usize) -> Bench {
        let system = Arc::<System>::default();
        let bounds = Bounds { usual_max, slow_max, slow_after: Duration::from_millis(20) };
        let scripted = system.clone();
        let resolver = Resolver::new(bounds, move |name| scripted.look_up(name));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Bench { runtime, system, resolver }
    }

    fn spawn(&self, name: &str) -> tokio::task::JoinHandle<io::Result<Vec<IpAddr>>> {
        let (resolver, name) = (self.resolver.clone(), name.to_owned());
        self.runtime.spawn(async move { resolver.lookup(&name).await })
    }

    fn wait_until_slow(&self, count: usize) {
        let begun = Instant::now();
        while self.resolver.0.state().slow_names.len() < count {
            assert!(begun.elapsed() < PATIENCE);
            std::thread::yield_now();
        }
    }

    fn check_resolves(&self, name: &str) {
        let found = self.runtime.block_on(async { timeout(PATIENCE, self.resolver.lookup(name)).await });
        assert_eq!(found.expect(name).unwrap(), [Ipv4Addr::LOCALHOST], "{name}");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.system.release(true);
    }
}

#[test]
fn slow_name_with_many_requests_does_not_delay_another_name() {
    let bench = Bench::new(2, 1);
    let waiting: Vec<_> = (0..50).map(|_| bench.spawn("slow.example")).collect();
    bench.system.wait_until_begun(1);
    bench.check_resolves("quick.example");
    bench.system.release(true);
    for wait in waiting {
        assert_eq!(bench.runtime.block_on(wait).unwrap().unwrap(), [Ipv4Addr::LOCALHOST]);
    }
    assert_eq!(bench.system.begun(), ["slow.example", "quick.example"]);
}

#[test]
fn slow_lookup_leaves_its_thread_to_other_names() {
    let bench = Bench::new(1, 1);
    let _waiting = bench.spawn("slow.example");
    bench.system.wait_until_begun(1);
    bench.check_resolves("quick.example");
}

#[test]
fn names_known_to_be_slow_never_occupy_all_threads() {
    let bench = Bench::new(2, 1);
    let names = ["slow1.example", "slow2.example", "slow3.example"];
    // Three threads, and three names of which nothing is known yet: all threads are occupied.
    let first: Vec<_> = names.iter().map(|name| bench.spawn(name)).collect();
    bench.wait_until_slow(3);
    bench.system.release(true);
    for lookup in first {
        bench.runtime.block_on(lookup).unwrap().unwrap();
    }
    bench.system.release(false);
    let _second: Vec<_> = names.iter().map(|name| bench.spawn(name)).collect();
    bench.system.wait_until_begun(4);
    for number in 0..10 {
        bench.check_resolves(&format!("quick{number}.example"));
    }
    assert_eq!(bench.system.begun().iter().filter(|name| name.starts_with("slow")).count(), 4);
}

#[test]
fn lookup_without_waiting_requests_does_not_start() {
    let bench = Bench::new(1, 0);
    let stuck = bench.spawn("slow.example");
    bench.system.wait_until_begun(1);
    let abandoned =
        bench.runtime.block_on(async { timeout(Duration::ZERO, bench.resolver.lookup("late.example")).await });
    assert!(abandoned.is_err());
    bench.system.release(true);
    bench.runtime.block_on(stuck).unwrap().unwrap();
    bench.check_resolves("quick.example");
    assert_eq!(bench.system.begun(), ["slow.example", "quick.example"]);
}

#[test]
fn unresolvable_name_is_an_error_for_each_request() {
    let bounds = Bounds { usual_max: 1, slow_max: 1, slow_after: PATIENCE };
    let resolver = Resolver::new(bounds, |_| Err(io::Error::other("no such name")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..2 {
        let error = runtime.block_on(resolver.lookup("nowhere.example")).unwrap_err();
        assert_eq!(error.to_string(), "no such name");
    }
}

#[test]
fn panic_of_the_resolver_is_an_error() {
    let bounds = Bounds { usual_max: 1, slow_max: 1, slow_after: PATIENCE };
    let resolver = Resolver::new(bounds, |_| panic!("on purpose"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(resolver.lookup("panic.example")).unwrap_err();
    assert!(error.to_string().contains("thread ended"), "{error}");
}
