//! The rows: their keys, their values, and the commits that change them.

pub mod id;
pub mod keys;
pub mod rows;

pub(crate) mod commit;
pub(crate) mod subject;
pub(crate) mod subscriptions;
pub(crate) mod tenant;
