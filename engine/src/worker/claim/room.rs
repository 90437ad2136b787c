//! How many more lanes a worker takes.

use std::collections::BTreeMap;

use super::free::FreeLane;
use crate::store::rows::Isolation;
use crate::support::limits::{IN_FLIGHT_UNHEALTHY_MAX, TENANT_IN_FLIGHT_MAX, TENANT_UNHEALTHY_MAX};
use crate::worker::quarantine;
use crate::worker::state::{Leases, is_healthy};

/// The room that a worker has for lanes. Lanes without a recent success have a share of their own, so that dead receivers leave
/// room for the others. Lanes whose workers keep dying share a worker with few others.
pub(crate) struct Room {
    pub(super) lanes: usize,
    unhealthy: usize,
    /// Largest number of lanes beside those that the worker has.
    pub(super) together: usize,
    /// Only lanes that share a worker with few others, or with none, are taken.
    only_isolated: bool,
    tenants: BTreeMap<String, TenantRoom>,
}

/// The room that one tenant's lanes have.
struct TenantRoom {
    lanes: usize,
    unhealthy: usize,
}

impl Default for TenantRoom {
    fn default() -> TenantRoom {
        TenantRoom { lanes: TENANT_IN_FLIGHT_MAX, unhealthy: TENANT_UNHEALTHY_MAX }
    }
}

impl Room {
    /// Returns the room beside the lanes that are leased.
    pub(crate) fn of(leases: &Leases, only_isolated: bool) -> Room {
        let unhealthy = leases.lanes.values().filter(|leased| !leased.standing.healthy).count();
        let mut tenants: BTreeMap<String, TenantRoom> = BTreeMap::new();
        for (lane, leased) in &leases.lanes {
            let room = tenants.entry(lane.tenant_part().to_owned()).or_default();
            room.lanes = room.lanes.saturating_sub(1);
            room.unhealthy = room.unhealthy.saturating_sub(usize::from(!leased.standing.healthy));
        }
        let isolation = leases.lanes.values().map(|leased| leased.quarantine.isolation_if_leased()).max();
        Room {
            lanes: leases.lanes.len(),
            unhealthy,
            together: quarantine::together(isolation.unwrap_or(Isolation::None)),
            only_isolated,
            tenants,
        }
    }

    /// Takes the lane into account if there is room for it. Returns true if there is.
    pub(crate) fn takes(&mut self, free: &FreeLane) -> bool {
        let unhealthy = !is_healthy(&free.health);
        let tenant = self.tenants.entry(free.lane.tenant_part().to_owned()).or_default();
        let together = self.together.min(quarantine::together(free.isolation()));
        let unhealthy_max = together.div_ceil(2).min(IN_FLIGHT_UNHEALTHY_MAX);
        if self.lanes >= together
            || tenant.lanes == 0
            || (unhealthy && (self.unhealthy >= unhealthy_max || tenant.unhealthy == 0))
            || (self.only_isolated && free.isolation() == Isolation::None)
        {
            return false;
        }
        tenant.lanes -= 1;
        tenant.unhealthy -= usize::from(unhealthy);
        self.together = together;
        self.lanes += 1;
        self.unhealthy += usize::from(unhealthy);
        true
    }
}
