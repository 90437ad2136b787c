//! The lanes and inbox shards that this worker has leased.

use std::collections::BTreeMap;

use super::lane::LeasedLane;
use crate::store::keys::Lane;

/// The leases of a run. The order of the lanes decides which of them is looked at first.
#[derive(Default)]
pub(crate) struct Leases {
    pub lanes: BTreeMap<Lane, LeasedLane>,
    /// The token of the last routing commit of each shard.
    pub shards: BTreeMap<u32, String>,
}

impl Leases {
    /// Returns the lane if it is still leased under this token.
    pub(crate) fn under(&mut self, lane: &Lane, token: &str) -> Option<&mut LeasedLane> {
        self.lanes.get_mut(lane).filter(|leased| leased.lease.token == token)
    }

    /// Returns true if a lease ends so soon that recording comes before anything else.
    pub(crate) fn end_soon(&self, now_ms: u64) -> bool {
        self.lanes.values().any(|leased| leased.lease.ends_soon(now_ms))
    }

    /// Returns true if a lane is in quarantine: then the worker does nothing else.
    pub(crate) fn are_alone(&self) -> bool {
        self.lanes.values().any(LeasedLane::is_alone)
    }
}
