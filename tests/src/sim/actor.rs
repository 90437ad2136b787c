//! An instance: one engine call at a time. Each call runs in a coroutine that stops at every call of storage or HTTP
//! until the scheduler answers. The scheduler decides the answer, its time, and if it comes at all. Dropping the
//! coroutine is a crash. The component can carry out the calls instead.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use hookwright_engine::Config;
use hookwright_engine::ports::{
    AcceptTimes, Check, Clock, Direction, Entropy, Entry, Http, KeyRange, Log, Mutation, Request, Storage,
    StorageError, WaitResult,
};

use super::job::Job;
use super::ops::{Done, Op, Reply};
use super::rng::Rng;
use super::sabotage::{Sabotage, Sabotaged};

const STACK_BYTES: usize = 512 * 1024;

/// How far a call has come.
#[derive(Debug)]
pub enum Step {
    /// It waits for an answer.
    Asks(Op),
    /// It has ended.
    Ended(Done),
    /// It panicked.
    Panicked(String),
}

/// An instance's clock and entropy, which its calls share.
#[derive(Debug)]
pub struct Senses {
    /// Its clock, set by the scheduler before it goes on.
    now_us: AtomicU64,
    accepted: Mutex<AcceptTimes>,
    entropy: Mutex<Rng>,
}

impl Senses {
    /// Those of a new instance.
    pub fn new(entropy: Rng) -> Arc<Senses> {
        let accepted = Mutex::new(AcceptTimes::new());
        Arc::new(Senses { now_us: AtomicU64::new(0), accepted, entropy: Mutex::new(entropy) })
    }

    /// Sets the clock.
    pub fn set_clock(&self, now_us: u64) {
        self.now_us.store(now_us, Ordering::Relaxed);
    }
}

impl Clock for Senses {
    fn now_us(&self) -> u64 {
        self.now_us.load(Ordering::Relaxed)
    }

    fn accept_us(&self, events: u64) -> u64 {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).take(self.now_us(), events)
    }
}

impl Entropy for Senses {
    fn fill(&self, buffer: &mut [u8]) {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(buffer);
    }
}

/// Where calls are carried out, if not by the engine that is linked here.
pub trait Elsewhere: std::fmt::Debug {
    /// A new instance, which has this clock and this entropy.
    fn instance(&self, senses: Arc<Senses>) -> Box<dyn Life>;
}

/// An instance that is elsewhere, from its start to its crash, which is that it is dropped.
pub trait Life: std::fmt::Debug {
    /// Begins a call; it runs up to its first question.
    fn begin(&mut self, job: Job) -> Step;
    /// Answers its question.
    fn resume(&mut self, reply: Reply) -> Step;
}

/// A call under way.
pub enum Running {
    /// Of the engine that is linked here.
    Here(Coroutine<Reply, Op, Done, DefaultStack>),
    /// Of an instance that is elsewhere, which has yet to be told of it, or has been.
    Elsewhere(Box<dyn Life>, Option<Rc<Job>>),
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

thread_local! {
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

impl Running {
    /// Begins a call; it runs up to its first question.
    pub fn start(job: Rc<Job>, config: Rc<Config>, senses: Arc<Senses>, sabotage: Option<Sabotage>) -> Running {
        let pooled = STACKS.with(|stacks| stacks.borrow_mut().pop());
        let stack = pooled.unwrap_or_else(|| DefaultStack::new(STACK_BYTES).expect("there is memory for a stack"));
        Running::Here(Coroutine::with_stack(stack, move |yielder, _: Reply| {
            let host = SimHost { yielder, senses: &senses };
            match sabotage {
                Some(sabotage) => job.run(&Sabotaged::new(&host, sabotage, &job), &config),
                None => job.run(&host, &config),
            }
        }))
    }

    /// Answers its question.
    pub fn resume(&mut self, reply: Reply) -> Step {
        let coroutine = match self {
            Running::Here(coroutine) => coroutine,
            Running::Elsewhere(life, job) => {
                return match job.take() {
                    Some(job) => life.begin((*job).clone()),
                    None => life.resume(reply),
                };
            }
        };
        match catch_unwind(AssertUnwindSafe(|| coroutine.resume(reply))) {
            Ok(CoroutineResult::Yield(op)) => Step::Asks(op),
            Ok(CoroutineResult::Return(done)) => Step::Ended(done),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                Step::Panicked(text.unwrap_or_else(|| "without a text".to_owned()))
            }
        }
    }

    /// Ends the call in the middle, or after its end. Returns an instance that is elsewhere, because it may make
    /// further calls. Dropping that ends it.
    pub fn end(self) -> Option<Box<dyn Life>> {
        match self {
            Running::Here(mut coroutine) => {
                coroutine.force_unwind();
                let stack = coroutine.into_stack();
                STACKS.with(|stacks| stacks.borrow_mut().push(stack));
                None
            }
            Running::Elsewhere(life, _) => Some(life),
        }
    }
}

struct SimHost<'a> {
    yielder: &'a Yielder<Reply, Op>,
    senses: &'a Senses,
}

impl Storage for SimHost<'_> {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        match self.yielder.suspend(Op::Get(keys.to_vec())) {
            Reply::Got(result) => result,
            other => unreachable!("the scheduler answered a get with {other:?}"),
        }
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        match self.yielder.suspend(Op::Scan { range: range.clone(), limit, order }) {
            Reply::Scanned(result) => result,
            other => unreachable!("the scheduler answered a scan with {other:?}"),
        }
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        match self.yielder.suspend(Op::Commit { checks: checks.to_vec(), mutations: mutations.to_vec() }) {
            Reply::Committed(result) => result,
            other => unreachable!("the scheduler answered a commit with {other:?}"),
        }
    }
}

impl Http for SimHost<'_> {
    fn submit(&self, requests: Vec<Request>) {
        match self.yielder.suspend(Op::Submit(requests)) {
            Reply::Submitted => (),
            other => unreachable!("the scheduler answered a submit with {other:?}"),
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        match self.yielder.suspend(Op::Wait { timeout_ms }) {
            Reply::Waited(result) => result,
            other => unreachable!("the scheduler answered a wait with {other:?}"),
        }
    }
}

impl Clock for SimHost<'_> {
    fn now_us(&self) -> u64 {
        self.senses.now_us()
    }

    fn accept_us(&self, events: u64) -> u64 {
        self.senses.accept_us(events)
    }
}

impl Log for SimHost<'_> {}

impl Entropy for SimHost<'_> {
    fn fill(&self, buffer: &mut [u8]) {
        self.senses.fill(buffer);
    }
}
