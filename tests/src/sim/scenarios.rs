//! The main scenarios, written out. Nothing is drawn that matters, so that the calls of a scenario can be counted and each
//! be made the moment of a crash; `points` does that.

use super::coverage::Count;
use super::poison::Poison;
use super::scenario::Step::*;
use super::scenario::{Registered, Scenario, Which};

const WELL: Registered = Registered { events: r#"["*"]"#, schedule: "[5,60]", rate: 0, answers: &[200], more: "" };
const FAILS_ONCE: Registered = Registered { answers: &[500, 200], ..WELL };
const FAILS: Registered = Registered { answers: &[500], ..WELL };
const GONE: Registered = Registered { answers: &[410], ..WELL };
const RATED: Registered = Registered { rate: 30, ..WELL };
const STRICT: Registered = Registered { answers: &[200, 500, 200], more: r#","strictOrder":true"#, ..WELL };
const PAUSES: Registered =
    Registered { answers: &[200, 500, 500, 500, 200], more: r#","strictOrder":true,"onExhausted":"pause""#, ..WELL };
const OTHERS: Registered = Registered { events: r#"["order.paid"]"#, ..WELL };
const ENDED: Registered =
    Registered { answers: &[401, 500, 200], more: r#","finalStatuses":[401],"successStatuses":[200,201]"#, ..WELL };
const ENDED_PAUSES: Registered = Registered {
    answers: &[200, 422, 200],
    more: r#","finalStatuses":["4xx"],"strictOrder":true,"onExhausted":"pause""#,
    ..WELL
};
const PLAIN: Scenario = Scenario {
    name: "",
    profile: "standard",
    workers: 1,
    webhooks: &[WELL],
    steps: &[],
    expects: &[Count::Delivered],
    dies_ahead: false,
    poison: None,
    retention_s: 0,
};
/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "first-delivery", steps: &[(0, Report(&[1]))], ..PLAIN },
    Scenario { name: "batch", steps: &[(0, Report(&[1, 2, 3, 4, 5, 6])), (50, Report(&[6, 7]))], ..PLAIN },
    Scenario {
        name: "transaction",
        steps: &[(0, ReportInTransaction(&[1, 2]))],
        expects: &[Count::Delivered, Count::Transactions],
        ..PLAIN
    },
    Scenario {
        name: "retry",
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1]))],
        expects: &[Count::Retries, Count::Delivered],
        ..PLAIN
    },
    Scenario {
        name: "exhausted",
        webhooks: &[FAILS],
        steps: &[(0, Report(&[1, 2]))],
        expects: &[Count::Retries, Count::Exhausted],
        ..PLAIN
    },
    Scenario {
        name: "fan-out",
        webhooks: &[WELL, FAILS_ONCE, OTHERS, WELL, WELL],
        steps: &[(0, Report(&[1]))],
        ..PLAIN
    },
    Scenario {
        name: "registrations",
        webhooks: &[FAILS_ONCE],
        steps: &[
            (0, Report(&[1])),
            (1, Register(WELL)),
            (1, Report(&[2])),
            (1, Update(Which::First, r#"{"events":["a.*"]}"#)),
            (1, Rotate(Which::First, 3_600)),
            (1, Report(&[3])),
            (1, Update(Which::Newest, r#"{"isActive":false}"#)),
            (1, Update(Which::Newest, r#"{"isActive":true}"#)),
            (1, Report(&[4])),
            (3_000, Unregister(Which::First)),
        ],
        expects: &[Count::Delivered, Count::Cancelled, Count::Changes],
        ..PLAIN
    },
    Scenario {
        name: "rotated",
        profile: "perfex-assets",
        webhooks: &[Registered { answers: &[500, 500, 500, 500, 200], ..WELL }],
        steps: &[(0, Report(&[1])), (1_000, Rotate(Which::First, 20)), (1, Report(&[2])), (1, Rotate(Which::First, 5))],
        expects: &[Count::Retries, Count::Delivered, Count::Overlaps, Count::Switched],
        ..PLAIN
    },
    Scenario {
        name: "ended",
        webhooks: &[ENDED],
        steps: &[(0, Report(&[1, 2])), (20_000, Recover(Which::First)), (10_000, Redeliver(None))],
        expects: &[Count::Ended, Count::Retries, Count::Delivered, Count::JobAsks],
        ..PLAIN
    },
    Scenario {
        name: "strict-ended",
        webhooks: &[ENDED_PAUSES],
        steps: &[(0, Report(&[1, 2, 3])), (60_000, Update(Which::First, r#"{"isActive":true}"#)), (1, Report(&[4]))],
        expects: &[Count::Ended, Count::Paused, Count::Skipped, Count::Delivered],
        ..PLAIN
    },
    Scenario {
        name: "test-send",
        steps: &[(0, Report(&[1])), (1, Test(Which::First))],
        expects: &[Count::Delivered, Count::Tests],
        ..PLAIN
    },
    Scenario {
        name: "redeliver-delivered",
        steps: &[(0, Report(&[1])), (10_000, Redeliver(Some(Which::First))), (1, Redeliver(None))],
        expects: &[Count::Delivered, Count::AskedAgain],
        ..PLAIN
    },
    Scenario {
        name: "redeliver-waiting",
        webhooks: &[Registered { schedule: "[300,300]", ..FAILS_ONCE }],
        steps: &[(0, Report(&[1])), (10_000, Redeliver(Some(Which::First)))],
        expects: &[Count::Delivered, Count::BroughtForward],
        ..PLAIN
    },
    Scenario {
        name: "redeliver-missed",
        webhooks: &[OTHERS],
        steps: &[(0, Report(&[1])), (3_000, Register(WELL)), (1, Redeliver(Some(Which::Newest)))],
        expects: &[Count::Delivered, Count::AskedFirst],
        ..PLAIN
    },
    Scenario {
        name: "redeliver-while-routed",
        steps: &[(0, Report(&[1])), (0, Register(WELL)), (0, Redeliver(None))],
        expects: &[Count::Delivered, Count::Redeliveries],
        ..PLAIN
    },
    Scenario {
        name: "recover",
        webhooks: &[Registered { schedule: "[1]", answers: &[500, 500, 500, 500, 500, 200], ..WELL }],
        steps: &[(0, Report(&[1, 2])), (10_000, Recover(Which::First)), (10_000, Recover(Which::First))],
        expects: &[Count::Exhausted, Count::Delivered, Count::JobAsks, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "replay",
        webhooks: &[OTHERS],
        steps: &[
            (0, Report(&[1, 2])),
            (3_000, Register(WELL)),
            (1, Report(&[3])),
            (1, Replay(Which::Newest)),
            (3_000, Update(Which::Newest, r#"{"isActive":false}"#)),
            (1, Report(&[4])),
            (3_000, Update(Which::Newest, r#"{"isActive":true}"#)),
            (1, Replay(Which::Newest)),
            (1, Cancel),
        ],
        expects: &[Count::Delivered, Count::JobAsks, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "replay-while-routed",
        steps: &[(0, Report(&[1])), (0, Register(WELL)), (0, Replay(Which::Newest))],
        expects: &[Count::Delivered, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "purge",
        webhooks: &[FAILS],
        steps: &[(0, Report(&[1])), (1_000, Test(Which::First)), (0, Report(&[2])), (0, Unregister(Which::First))],
        expects: &[Count::Cancelled, Count::Tests, Count::Purged],
        ..PLAIN
    },
    Scenario {
        name: "two-workers-recover",
        workers: 2,
        webhooks: &[Registered { schedule: "[]", answers: &[500, 500, 500, 200], ..WELL }],
        steps: &[
            (0, Report(&[1, 2, 3])),
            (3_000, Recover(Which::First)),
            (1, Redeliver(None)),
            (1, Recover(Which::First)),
        ],
        expects: &[Count::JobAsks, Count::JobsDone],
        ..PLAIN
    },
    Scenario {
        name: "retention",
        webhooks: &[WELL, FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (1, Test(Which::First)), (61_000, Redeliver(Some(Which::First)))],
        expects: &[Count::Delivered, Count::Removed],
        retention_s: 60,
        ..PLAIN
    },
    Scenario {
        name: "erased",
        webhooks: &[WELL, Registered { schedule: "[300]", ..FAILS_ONCE }],
        steps: &[(0, Report(&[1, 2])), (3_000, Erase(1)), (1, Report(&[3])), (1, Redeliver(None))],
        expects: &[Count::Delivered, Count::Erased, Count::Erasures],
        ..PLAIN
    },
    Scenario {
        name: "erased-in-flight",
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (2, Erase(1)), (1, Report(&[1]))],
        expects: &[Count::Delivered, Count::Erasures],
        ..PLAIN
    },
    Scenario {
        name: "redaction",
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (1, KeepBodies(false)), (1, Report(&[3])), (1, Redeliver(None))],
        expects: &[Count::Delivered, Count::Redacted],
        ..PLAIN
    },
    Scenario {
        name: "gone",
        webhooks: &[GONE],
        steps: &[(0, Report(&[1, 2, 3])), (60_000, Update(Which::First, r#"{"isActive":true}"#)), (1, Report(&[4]))],
        expects: &[Count::Exhausted, Count::Skipped],
        ..PLAIN
    },
    Scenario {
        name: "gone-and-removed",
        webhooks: &[GONE],
        steps: &[(0, Report(&[1, 2, 3])), (5, Unregister(Which::First))],
        expects: &[Count::Cancelled],
        ..PLAIN
    },
    Scenario { name: "lease-ahead", steps: &[(0, Report(&[1])), (30_000, Report(&[2]))], dies_ahead: true, ..PLAIN },
    Scenario { name: "rate", webhooks: &[RATED], steps: &[(0, Report(&[1, 2, 3]))], ..PLAIN },
    Scenario {
        name: "deadly",
        steps: &[(0, Report(&[1, 2, 3])), (600_000, Redeliver(Some(Which::First)))],
        expects: &[Count::Delivered, Count::Killed, Count::Failed, Count::AskedAgain],
        poison: Some((1, Poison::Read)),
        ..PLAIN
    },
    Scenario {
        name: "deadly-response",
        workers: 2,
        steps: &[(0, Report(&[1, 2]))],
        expects: &[Count::Delivered, Count::Killed, Count::Failed],
        poison: Some((1, Poison::Answer)),
        ..PLAIN
    },
    Scenario {
        name: "unrecordable",
        webhooks: &[WELL, WELL],
        steps: &[(0, Report(&[1, 2, 3]))],
        expects: &[Count::Delivered, Count::Refused, Count::Failed],
        poison: Some((2, Poison::Record)),
        ..PLAIN
    },
    Scenario {
        name: "strict",
        webhooks: &[STRICT],
        steps: &[(0, Report(&[1, 2, 3])), (1, Report(&[4])), (10_000, Report(&[5]))],
        expects: &[Count::Delivered, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "strict-paused",
        webhooks: &[PAUSES],
        steps: &[
            (0, Report(&[1, 2, 3])),
            (120_000, Update(Which::First, r#"{"isActive":true}"#)),
            (1, Redeliver(Some(Which::First))),
            (1, Report(&[4])),
        ],
        expects: &[Count::Paused, Count::Skipped, Count::Delivered, Count::AskedAgain],
        ..PLAIN
    },
    Scenario {
        name: "strict-redeliver",
        webhooks: &[Registered { answers: &[500, 200], ..STRICT }],
        steps: &[(0, Report(&[1, 2])), (1_000, Redeliver(Some(Which::First))), (5_000, Redeliver(None))],
        expects: &[Count::BroughtForward, Count::AskedAgain, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "strict-switched",
        webhooks: &[STRICT],
        steps: &[
            (0, Report(&[1, 2, 3])),
            (1_000, Update(Which::First, r#"{"strictOrder":false}"#)),
            (1, Report(&[4])),
            (1, Update(Which::First, r#"{"strictOrder":true}"#)),
            (1, Report(&[5])),
        ],
        expects: &[Count::Delivered, Count::Changes, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "strict-two-workers",
        workers: 2,
        webhooks: &[STRICT],
        steps: &[(0, Report(&[1])), (1, Report(&[2, 3])), (1, Report(&[4]))],
        expects: &[Count::Delivered, Count::OrderedRetries],
        ..PLAIN
    },
    Scenario {
        name: "two-workers",
        workers: 2,
        webhooks: &[WELL, FAILS_ONCE],
        steps: &[(0, Report(&[1])), (1, Report(&[2, 3])), (1, Report(&[4]))],
        expects: &[Count::Retries, Count::Delivered],
        ..PLAIN
    },
    Scenario {
        name: "two-workers-redeliver",
        workers: 2,
        webhooks: &[FAILS_ONCE],
        steps: &[(0, Report(&[1, 2])), (1_000, Redeliver(Some(Which::First))), (10_000, Redeliver(None))],
        expects: &[Count::BroughtForward, Count::AskedAgain],
        ..PLAIN
    },
];
