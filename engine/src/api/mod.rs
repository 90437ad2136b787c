//! The management API. `router` finds the call of a request; each call is in the file of its subject.

pub(crate) mod attempts;
pub(crate) mod erase;
pub(crate) mod explain;
pub(crate) mod jobs;
pub(crate) mod messages;
pub(crate) mod redeliver;
pub(crate) mod rotate;
pub(crate) mod settings;
pub(crate) mod test_send;
pub(crate) mod webhooks;

mod filter;
mod paging;
mod pause;
mod query;
mod registration;
mod request;
mod router;
mod statuses;
mod view;

pub use request::{ApiRequest, ApiResponse, Caller};
pub use router::{MANAGE, handle};
