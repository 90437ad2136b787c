//! The state of one run, split by concern. A step takes the parts that it touches. All of it may be lost at any time,
//! because the store alone decides.

mod agenda;
mod attempts;
mod ctx;
mod delivery;
mod ended;
mod in_flight;
mod lane;
mod lease;
mod leases;
mod report;
mod standing;

pub(crate) use agenda::Agenda;
pub(crate) use attempts::{Attempts, Completed};
pub(crate) use ctx::Ctx;
pub(crate) use delivery::{Delivery, QueuedRow};
pub(crate) use ended::{Ended, Wish};
pub(crate) use in_flight::{InFlight, Overdue, Sent};
pub(crate) use lane::{LaneOrder, LeasedLane, Registration};
pub(crate) use lease::{Lease, is_believed};
pub(crate) use leases::Leases;
pub(crate) use report::Report;
pub use report::{Budget, DeliveryReport};
pub(crate) use standing::{Standing, believed_free_at_us, is_healthy};
