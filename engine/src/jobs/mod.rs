//! Jobs: work that takes more than one commit.

pub mod row;
