//! The network and the receivers: when a request arrives, if it does, and the response. The engine decides on the
//! response, and the checkers judge if the request should have been sent.

use hookwright_engine::ports::{HttpError, HttpErrorKind, Request, Response};

use super::ids::CallId;
use super::odd;
use super::params::Faults;
use super::receiver::Health;
use super::rng::Rng;

/// The longest time of a request's way, in microseconds.
pub const TRAVEL_US_MAX: u64 = 40_000;

/// A request that was submitted.
#[derive(Debug)]
pub struct Sent {
    /// The call that submitted it.
    pub call: CallId,
    /// The webhook's lane, if the request could be told.
    pub lane: String,
    /// The message; none for a test send.
    pub message: Option<String>,
    /// The token of the lease that it was sent under.
    pub lease: String,
    /// The number of the attempt, as the queue had it.
    pub number: u32,
    /// It is of a quarantined delivery, so nothing else may be in flight with its worker.
    pub quarantined: bool,
    /// When, in true microseconds.
    pub sent_us: u64,
    /// When, by the sender's clock.
    pub clock_us: u64,
    /// When it arrives; none: it does not.
    pub arrives_us: Option<u64>,
    /// The coming result: a status, or the kind of failure.
    pub outcome: Result<u16, HttpErrorKind>,
    /// The pause that the receiver asked for, in seconds.
    pub retry_after_s: Option<u64>,
    /// When its sender was given the answer, in true microseconds and by its clock.
    pub answered: Option<(u64, u64)>,
    /// Whether the answer asks for an end, of the message or of all.
    pub wish: bool,
    /// Whether it asks for an end of the message.
    pub aborts: bool,
    /// Whether the completion is lost, so that the sender must give the request up.
    pub completion_lost: bool,
    /// The sealed secret that a signature alone is of.
    pub signer: Option<String>,
    /// Whether that came back to the sender.
    pub completed: bool,
    /// Whether it is not in flight any more: its sender has its answer, or has ended.
    pub over: bool,
    /// Whether an attempt records it.
    pub recorded: bool,
    /// Whether its record, if it was to have one, went when the store was restored.
    pub lost: bool,
}

impl Sent {
    /// How long the next attempt has to wait after the answer, in seconds, where the schedule says so much.
    pub fn wait_s(&self, schedule_s: u64) -> u64 {
        schedule_s.max(self.retry_after_s.unwrap_or(0).min(24 * 3_600))
    }
}

/// The fate of a request.
#[derive(Debug)]
pub struct Fate {
    /// When it arrives; none: it does not.
    pub arrives_us: Option<u64>,
    /// When the sender is told.
    pub completes_us: u64,
    /// The result that the sender gets.
    pub result: Result<Response, HttpError>,
    /// The header of that name.
    pub retry_after_s: Option<u64>,
}

/// Draws how a new webhook's receiver behaves.
pub fn health(rng: &mut Rng, faults: &Faults, now_us: u64) -> Health {
    if !rng.chance(faults.receiver) {
        return Health::Well;
    }
    match rng.below(8) {
        0 => Health::Hangs,
        1 => Health::Broken,
        2..4 => Health::Down { until_us: now_us + rng.between(1_000, 900_000) * 1_000 },
        _ => Health::Flaky,
    }
}

/// Returns the fate of a request whose completion is lost: it ends at its timeout, as the failure that its sender records.
pub fn lost(fate: Fate, now_us: u64, request: &Request) -> Fate {
    let completes_us = now_us + u64::from(request.timeout_ms) * 1_000;
    failed(fate.arrives_us, completes_us, HttpErrorKind::Internal)
}

/// Draws what becomes of a request to a receiver that takes at most so long to answer.
pub fn fate(
    rng: &mut Rng,
    faults: &Faults,
    health: Health,
    answer_us_max: u64,
    now_us: u64,
    request: &Request,
) -> Fate {
    let timeout_us = u64::from(request.timeout_ms) * 1_000;
    let travel_us = rng.between(100, TRAVEL_US_MAX);
    if rng.chance(faults.network) {
        return broken_network(rng, now_us, travel_us, timeout_us);
    }
    let arrives_us = now_us + travel_us;
    let answered_us = arrives_us + rng.between(100, answer_us_max);
    let in_time = answered_us < now_us + timeout_us;
    let (status, retry_after_s) = match health {
        Health::Well => (200, None),
        Health::Broken => (500, None),
        Health::Says { answers, asked } => (answers.get(asked).or(answers.last()).copied().unwrap_or(200), None),
        Health::Down { until_us } if arrives_us < until_us => {
            return failed(None, arrives_us, HttpErrorKind::Connect);
        }
        Health::Down { .. } => (200, None),
        Health::Odd if in_time => {
            let (response, retry_after_s) = odd::answer(rng);
            return Fate {
                arrives_us: Some(arrives_us),
                completes_us: answered_us,
                result: Ok(response),
                retry_after_s,
            };
        }
        Health::Odd => (200, None),
        Health::Hangs => return failed(Some(arrives_us), now_us + timeout_us, HttpErrorKind::Timeout),
        Health::Flaky => match rng.below(16) {
            0 => return failed(Some(arrives_us), now_us + timeout_us, HttpErrorKind::Timeout),
            1 if in_time => return failed(Some(arrives_us), answered_us, HttpErrorKind::Protocol),
            2 => (429, Some(rng.between(0, 120))),
            3 => (503, Some(rng.between(0, 4_000))),
            4..6 => (500, None),
            6 => (rng.pick(&[301, 400, 404, 410, 502]), None),
            7 => (204, None),
            _ => (200, None),
        },
    };
    if !in_time {
        return failed(Some(arrives_us), now_us + timeout_us, HttpErrorKind::Timeout);
    }
    let headers = retry_after_s.map(|wait_s: u64| ("retry-after".to_owned(), wait_s.to_string()));
    let response = Response { status, headers: headers.into_iter().collect(), body: "ok".to_owned(), truncated: false };
    Fate { arrives_us: Some(arrives_us), completes_us: answered_us, result: Ok(response), retry_after_s }
}

fn broken_network(rng: &mut Rng, now_us: u64, travel_us: u64, timeout_us: u64) -> Fate {
    let arrives_us = Some(now_us + travel_us);
    // No timeout is shorter than this travel, there and back.
    match rng.below(5) {
        0 => failed(None, now_us + travel_us, HttpErrorKind::Connect),
        1 => failed(None, now_us + travel_us, HttpErrorKind::Dns),
        2 => failed(None, now_us + timeout_us, HttpErrorKind::Timeout),
        3 => failed(arrives_us, now_us + timeout_us, HttpErrorKind::Timeout),
        _ => failed(arrives_us, now_us + travel_us * 2, HttpErrorKind::Protocol),
    }
}

fn failed(arrives_us: Option<u64>, completes_us: u64, kind: HttpErrorKind) -> Fate {
    let result = Err(HttpError { kind, detail: "simulated".to_owned() });
    Fate { arrives_us, completes_us, result, retry_after_s: None }
}
