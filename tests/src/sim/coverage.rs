//! Counts what happened in a run, so that a run that proved nothing can be told from one that did.

use std::fmt::Write as _;

macro_rules! counters {
    ($($name:ident $text:literal,)*) => {
        /// The counted events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Count { $($name),* }
        const NAMES: &[&str] = &[$($text),*];
    };
}

counters! {
    Events "events accepted",
    Repeats "repeated events",
    ContentConflicts "same id, other content",
    Deliveries "deliveries routed",
    Delivered "delivered",
    Exhausted "exhausted",
    Skipped "skipped",
    Cancelled "cancelled",
    Failed "failed, after all their workers",
    Requests "requests sent",
    Retries "retries",
    Duplicates "requests not recorded (each explained)",
    StaleSends "requests of a lost lease",
    SlotBreaches "more in flight than slots (each explained)",
    RateBreaches "sooner than the rate (each explained)",
    Waits "healthy webhooks' waits judged",
    Tests "test sends",
    Changes "changes of webhooks",
    Reads "reads by the API of what tenants have",
    Strangers "calls for what is another tenant's",
    Calls "calls of deliver",
    Commits "commits applied",
    Rows "rows put or deleted",
    Claims "lanes leased",
    LostLeases "leases lost",
    Conflicts "conflicts",
    Killed "workers killed by a delivery",
    Refused "commits refused for what they record",
    Crashes "crashes",
    Stalls "stalls",
    ReadFailures "reads failed",
    NotApplied "commits not applied",
    UnknownApplied "unknown, applied",
    UnknownDropped "unknown, not applied",
    UnknownLate "unknown, submitted later",
    Landed "late commits that landed",
    LateConflicts "late commits that conflicted",
    Transactions "open transactions",
    RolledBack "transactions rolled back",
    ClockJumps "clock jumps",
    NetworkFaults "network faults",
    ReceiverFaults "receiver faults",
    Wishes "answers that ask for less",
    OddAnswers "answers that lie, redirect or are garbage",
    Drains "drains",
    Restores "stores restored from a backup",
    LostRecords "attempts whose record went with that",
    Errors "calls that ended in an error",
    Cursors "fan-outs split over commits",
    Redeliveries "redeliveries",
    AskedAgain "deliveries that had ended, again",
    BroughtForward "attempts brought forward",
    AskedFirst "messages for a webhook they had missed",
    Ended "messages ended by a final status",
    Overlaps "requests while an earlier secret signs",
    Switched "retries signed by another secret than before",
    Ordered "attempts in strict order",
    OrderedRetries "of these, failures that blocked",
    Paused "webhooks paused",
    LateInOrder "requests late in strict order (each explained)",
    JobAsks "deliveries asked for by jobs",
    Filtered "jobs with a filter",
    JobsDone "jobs done",
    JobsEnded "jobs that ended otherwise",
    Purged "removed webhooks purged",
    Removed "messages that were too old",
    Redacted "contents redacted",
    Erasures "erasures done",
    Erased "messages erased",
    LostCompletions "completions lost",
}

/// The counts of one seed or of many.
#[derive(Clone, Debug)]
pub struct Coverage([u64; NAMES.len()]);

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage([0; NAMES.len()])
    }
}

impl Coverage {
    /// One more.
    pub fn add(&mut self, count: Count) {
        self.0[count as usize] += 1;
    }

    /// Adds a number.
    pub fn add_many(&mut self, count: Count, many: usize) {
        self.0[count as usize] += many as u64;
    }

    /// How many.
    pub fn of(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    /// Takes in the counts of another seed.
    pub fn merge(&mut self, other: &Coverage) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// All faults together.
    pub fn faults(&self) -> u64 {
        use Count::*;
        [Restores, Crashes, Stalls, ReadFailures, NotApplied, UnknownApplied, UnknownDropped, UnknownLate, RolledBack]
            .into_iter()
            .chain([ClockJumps, NetworkFaults, ReceiverFaults, Killed, Refused])
            .map(|count| self.of(count))
            .sum()
    }

    /// Returns true if a number of seeds proves something: events were accepted, and faults happened. A single seed may
    /// be without faults.
    pub fn proves(&self, seeds: u64) -> bool {
        self.of(Count::Events) > 0 && (seeds == 1 || self.faults() > 0)
    }

    /// Returns the counts that stayed 0.
    pub fn missing(&self) -> Vec<&'static str> {
        NAMES.iter().zip(self.0).filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect()
    }

    /// A table, two columns of counts.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for (index, name) in NAMES.iter().enumerate() {
            let end = if index % 2 == 1 || index + 1 == NAMES.len() { "\n" } else { "" };
            let _ = write!(table, "  {:>10}  {name:<40}{end}", self.0[index]);
        }
        table
    }
}
