//! Takes from the ended attempts as many as one commit records.

use std::collections::BTreeMap;

use crate::store::keys::Lane;
use crate::support::limits::SETTLE_ATTEMPTS_MAX;
use crate::worker::state::{Completed, Ended, Leases};

/// The attempts that one commit records, by lane.
pub(super) type TakenAttempts = BTreeMap<Lane, Vec<Ended>>;

/// Takes a batch. Attempts of a lost lease are dropped. A redelivery may have brought an attempt forward, so that it was made
/// twice, from the row before and from the row after: then one commit records only one of the two.
pub(super) fn take_batch(leases: &mut Leases, completed: &mut Completed) -> TakenAttempts {
    let mut batch = TakenAttempts::new();
    let mut twice = Vec::new();
    let mut count = 0;
    while count < SETTLE_ATTEMPTS_MAX {
        let Some(ended) = completed.pop() else { break };
        if leases.under(&ended.lane, &ended.token).is_none() {
            continue;
        }
        let taken = batch.entry(ended.lane.clone()).or_default();
        if taken.iter().any(|other| other.delivery.is_same_attempt(&ended.delivery)) {
            twice.push(ended);
        } else {
            taken.push(ended);
            count += 1;
        }
    }
    for ended in twice.into_iter().rev() {
        completed.push_front(ended);
    }
    batch
}
