//! The changes that one commit makes to the model.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::CallId;
use super::rows::{Job, Lease};

/// The changes of one commit.
#[derive(Debug, Default)]
pub struct Touched {
    /// Lanes whose queue, timers or lease changed.
    pub lanes: BTreeSet<String>,
    /// Lanes whose registration or patterns changed.
    pub webhooks: BTreeSet<String>,
    /// Lane and message.
    pub deliveries: BTreeSet<(String, String)>,
    /// Messages accepted or routed.
    pub messages: BTreeSet<String>,
    /// Of these, those that were accepted.
    pub accepted: Vec<String>,
    /// Lane, message, number of attempts recorded.
    pub logged: Vec<(String, String, u32)>,
    /// Lane, message, number of the last attempt of deliveries that were asked for again.
    pub asked: Vec<(String, String, u32)>,
    /// Lane, message and number as above, of what a job asked for, and the job.
    pub asked_for: Vec<((String, String, u32), String)>,
    /// Tenants whose count was written.
    pub counted: BTreeSet<String>,
    /// Tenants some webhook of which is found by other patterns.
    pub subscribed: BTreeSet<String>,
    /// Lanes leased, and their leases before.
    pub leased: Vec<(String, Lease)>,
    /// Lanes that were leased and are free.
    pub freed: Vec<String>,
    /// Lanes whose row was written, and what it was before.
    pub lane_rows: Vec<(String, Lease)>,
    /// The call that had each touched lane's lease before this commit.
    pub leased_by_before: BTreeMap<String, Option<CallId>>,
    /// Lanes whose strict order was switched on or off.
    pub switched: BTreeSet<String>,
    /// The times of the timers put, by lane.
    pub timers_put: BTreeMap<String, u64>,
    /// Of each lane in strict order, its queue before this commit: each delivery's message, first to last.
    pub queued_before: BTreeMap<String, Vec<String>>,
    /// Deliveries that had not been there.
    pub new: Vec<(String, String)>,
    /// Messages whose inbox row was there before this commit.
    pub in_inbox: BTreeSet<String>,
    /// Jobs whose rows were written, and what they were before.
    pub jobs: Vec<(String, Option<Job>)>,
    /// Messages whose rows were deleted.
    pub gone: Vec<String>,
    /// Messages that are being removed from this commit on.
    pub tombstoned: Vec<String>,
    /// Messages whose contents were redacted.
    pub redacted: Vec<String>,
    /// Message and number of attempts whose rows were deleted.
    pub unlogged: Vec<(String, u32)>,
    /// Jobs whose rows were deleted.
    pub jobs_gone: Vec<(String, Job)>,
    /// A rule that a single row broke.
    pub broken: Option<String>,
}
