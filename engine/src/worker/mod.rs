//! The worker: delivers accepted messages. [`deliver`] is one run of it.

mod state;

mod health;
mod quarantine;

mod claim;
mod receive;
mod route;
mod send;
mod settle;

mod reclaim;
mod run;

#[cfg(test)]
mod tests;

pub use reclaim::reclaim_leases;
pub use run::deliver;
pub use state::{Budget, DeliveryReport};
