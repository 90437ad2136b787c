//! The simulator's seeds through the component: its instances, each on a thread of its own, do exactly what the engine does
//! that is linked here, call by call, byte by byte.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use hookwright_engine::Error;
use hookwright_engine::ports::{
    Check, Direction, Entry, Http, KeyRange, Mutation, Request, Storage, StorageError, WaitResult,
};
use hookwright_host::{CallError, Imports, Plugin, Runtime, Settings};
use hookwright_tests::sim::{
    self, Count, Coverage, Done, Elsewhere, Job, Life, Op, PINNED, Params, Reply, Run, Senses, Step, erasure,
    settings_json,
};

/// Number of seeds that also run natively, besides the pinned ones.
const SEEDS: u64 = 200;
/// 845: a fan-out that is split over commits.
const FURTHER: &[u64] = &[845];

/// Makes instances of the component.
#[derive(Debug)]
struct Components {
    runtime: Runtime,
    settings: Settings,
    /// Instances made, by all seeds.
    made: Arc<AtomicU64>,
    flaw: Flaw,
}

/// The fault of the boundary, made on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Requests may take one byte more in answer, which no checker looks at.
    Byte,
    /// Answers of reads are cut short by an entry.
    Entry,
}

impl Elsewhere for Components {
    fn instance(&self, senses: Arc<Senses>) -> Box<dyn Life> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let (jobs, for_thread) = channel();
        let (replies, answers) = channel();
        let (steps, from_thread) = channel();
        let outside = Arc::new(Outside { steps: steps.clone(), answers: Mutex::new(answers), flaw: self.flaw });
        let imports = Imports::new(outside.clone(), outside).clock(senses.clone()).entropy(senses).log(|_, _| {});
        let (runtime, settings) = (self.runtime.clone(), self.settings.clone());
        let thread = std::thread::spawn(move || live(&runtime, &settings, imports, &for_thread, &steps));
        Box::new(Instance { jobs: Some(jobs), replies: Some(replies), steps: from_thread, thread: Some(thread) })
    }
}

/// An instance's life: one call after the other, until nobody asks any more.
fn live(runtime: &Runtime, settings: &Settings, imports: Imports, jobs: &Receiver<Job>, steps: &Sender<Step>) {
    let mut plugin = match runtime.instantiate(imports, settings) {
        Ok(plugin) => plugin,
        Err(error) => return drop(steps.send(Step::Panicked(error.to_string()))),
    };
    while let Ok(job) = jobs.recv() {
        let step = match call(&mut plugin, &job) {
            Ok(done) => Step::Ended(done),
            Err(trap) => Step::Panicked(trap),
        };
        if steps.send(step).is_err() {
            return;
        }
    }
}

/// Makes a call; an error is a trap.
fn call(plugin: &mut Plugin, job: &Job) -> Result<Done, String> {
    Ok(match job {
        Job::Deliver(budget) => Done::Delivered(answer(plugin.deliver(*budget))?),
        Job::Accept { tenant, events, .. } => Done::Accepted(answer(plugin.on_events(Some(tenant), events))?),
        Job::Register { tenant, json } => Done::Json(answer(plugin.register(tenant, json))?),
        Job::Update { tenant, webhook, json } => Done::Json(answer(plugin.update(tenant, webhook, json))?),
        Job::Unregister { tenant, webhook } => Done::Removed(answer(plugin.unregister(tenant, webhook))?),
        Job::Rotate { tenant, webhook, secret, overlap_s } => {
            Done::Json(answer(plugin.rotate_secret(tenant, webhook, Some(secret), Some(*overlap_s)))?)
        }
        Job::Test { tenant, webhook } => Done::Json(answer(plugin.test_webhook(tenant, webhook, None))?),
        Job::Attempts { tenant, webhook } => Done::Json(answer(plugin.attempts(tenant, webhook, None, 100))?),
        Job::Message { tenant, message } => Done::Json(answer(plugin.message(tenant, message))?),
        Job::Recover { tenant, webhook, range } => Done::Json(answer(plugin.recover(tenant, webhook, range))?),
        Job::Replay { tenant, webhook, range } => Done::Json(answer(plugin.replay(tenant, webhook, range))?),
        Job::Jobs { tenant } => Done::Json(answer(plugin.jobs(tenant, None, 100))?),
        Job::Cancel { tenant, id } => Done::Json(answer(plugin.cancel_job(tenant, id))?),
        Job::Erase { tenant, subject } => Done::Json(answer(plugin.erase(tenant, &erasure(*subject)))?),
        Job::Settings { tenant, keep_bodies } => {
            Done::Json(answer(plugin.update_settings(tenant, &settings_json(*keep_bodies)))?)
        }
        Job::Redeliver { tenant, message, webhook } => {
            Done::Json(answer(plugin.redeliver(tenant, message, webhook.as_deref()))?)
        }
        Job::Read { tenant, path } => {
            let (request, caller) = sim::request(path, tenant);
            sim::answer(plugin.handle(&request, &caller).map_err(|error| error.to_string())?)
        }
    })
}

fn answer<T>(called: Result<T, CallError>) -> Result<Result<T, Error>, String> {
    match called {
        Ok(value) => Ok(Ok(value)),
        Err(CallError::Refused(error)) => Ok(Err(error)),
        Err(CallError::Trapped(trap)) => Err(trap.reason),
    }
}

/// The scheduler's end of an instance. Dropping it is the crash: the call that stands still never returns to the guest.
#[derive(Debug)]
struct Instance {
    jobs: Option<Sender<Job>>,
    replies: Option<Sender<Reply>>,
    steps: Receiver<Step>,
    thread: Option<JoinHandle<()>>,
}

impl Instance {
    fn step(&self) -> Step {
        self.steps.recv().unwrap_or_else(|_| Step::Panicked("the instance's thread has ended".to_owned()))
    }
}

impl Life for Instance {
    fn begin(&mut self, job: Job) -> Step {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
        self.step()
    }

    fn resume(&mut self, reply: Reply) -> Step {
        if let Some(replies) = &self.replies {
            let _ = replies.send(reply);
        }
        self.step()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        (self.jobs, self.replies) = (None, None);
        if let Some(thread) = self.thread.take() {
            // It ends with the panic that `Outside` raises, which is no failure.
            let _ = thread.join();
        }
    }
}

/// Storage and HTTP of one instance: every call stands still until the scheduler answers.
struct Outside {
    steps: Sender<Step>,
    answers: Mutex<Receiver<Reply>>,
    flaw: Flaw,
}

/// The instance has crashed.
struct Crash;

impl Outside {
    fn ask(&self, op: Op) -> Reply {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = self.steps.send(Step::Asks(op)).ok().and_then(|()| answers.recv().ok());
        // Past the panic hook, which would print each of them.
        reply.unwrap_or_else(|| std::panic::resume_unwind(Box::new(Crash)))
    }
}

impl Storage for Outside {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        match self.ask(Op::Get(keys.to_vec())) {
            Reply::Got(result) => result,
            other => panic!("a get was answered {other:?}"),
        }
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        match self.ask(Op::Scan { range: range.clone(), limit, order }) {
            Reply::Scanned(result) => result.map(|mut entries| {
                if self.flaw == Flaw::Entry && entries.len() > 1 {
                    entries.pop();
                }
                entries
            }),
            other => panic!("a scan was answered {other:?}"),
        }
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        match self.ask(Op::Commit { checks: checks.to_vec(), mutations: mutations.to_vec() }) {
            Reply::Committed(result) => result,
            other => panic!("a commit was answered {other:?}"),
        }
    }
}

impl Http for Outside {
    fn submit(&self, mut requests: Vec<Request>) {
        if self.flaw == Flaw::Byte {
            requests.iter_mut().for_each(|request| request.response_bytes_max += 1);
        }
        match self.ask(Op::Submit(requests)) {
            Reply::Submitted => (),
            other => panic!("a submit was answered {other:?}"),
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        match self.ask(Op::Wait { timeout_ms }) {
            Reply::Waited(result) => result,
            other => panic!("a wait was answered {other:?}"),
        }
    }
}

fn runtime() -> Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::builder().build().unwrap()).clone()
}

/// One seed natively and through the component; the difference, if there is one.
fn compare(seed: u64, flaw: Flaw, made: &Arc<AtomicU64>) -> (Coverage, Option<String>) {
    let components = |settings: &Settings| -> Rc<dyn Elsewhere> {
        Rc::new(Components { runtime: runtime(), settings: settings.clone(), made: made.clone(), flaw })
    };
    let native = sim::run(seed, None, false);
    let component = sim::run_elsewhere(seed, components, false);
    let same = |run: &Run| (run.hash, run.failure.clone(), run.coverage.table());
    let difference = (same(&native) != same(&component)).then(|| {
        let shown = |run: &Run| format!("hash {:016x}, {:?}\n{}", run.hash, run.failure, run.coverage.table());
        format!("seed {seed}, natively: {}\nthrough the component: {}", shown(&native), shown(&component))
    });
    let difference = difference.or_else(|| native.failure.map(|failure| format!("seed {seed}: {failure:?}")));
    (native.coverage, difference)
}

#[test]
fn component_behaves_like_the_engine_in_seeds() {
    let pinned = PINNED.iter().map(|(seed, _)| seed);
    let seeds: Vec<u64> = (1..=SEEDS).chain(pinned.chain(FURTHER).copied()).collect();
    let (next, made) = (AtomicUsize::new(0), Arc::new(AtomicU64::new(0)));
    let found: Mutex<(usize, Coverage, Vec<String>)> = Mutex::default();
    let work = || {
        loop {
            let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            let (coverage, difference) = compare(*seed, Flaw::None, &made);
            let mut found = found.lock().unwrap();
            found.0 += 1;
            found.1.merge(&coverage);
            found.2.extend(difference);
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| _ = scope.spawn(work)));
    let (compared, coverage, differences) = found.into_inner().unwrap();
    println!("{compared} seeds, {} instances of the component\n{}", made.load(Ordering::Relaxed), coverage.table());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // A comparison of nothing would pass as well.
    use Count::*;
    let wanted = [Events, Delivered, Exhausted, Retries, Tests, Changes, Redeliveries, Cursors];
    let faults = [Crashes, Stalls, ReadFailures, UnknownApplied, UnknownLate, Landed, LostLeases, NetworkFaults];
    for count in wanted.into_iter().chain(faults) {
        assert!(coverage.of(count) > 0, "{count:?} never happened:\n{}", coverage.table());
    }
    assert_eq!(compared, seeds.len());
    let first = |seed: &u64| {
        let params = Params::draw(*seed);
        (params.workers + params.applications) as u64
    };
    let begun_with: u64 = seeds.iter().map(first).sum();
    let made = made.load(Ordering::Relaxed);
    assert!(made > begun_with, "crashed instances were made anew: {made}, {begun_with} from the start");
}

#[test]
fn another_trace_through_the_component_is_noticed() {
    for flaw in [Flaw::Byte, Flaw::Entry] {
        let made = Arc::default();
        let differences: Vec<String> = (1..=20).filter_map(|seed| compare(seed, flaw, &made).1).collect();
        assert!(!differences.is_empty(), "{flaw:?}");
    }
}
