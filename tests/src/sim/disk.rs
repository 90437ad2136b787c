//! The store of a world, with the commits on their way to it and the backup to which it may return.

use super::backup::Backup;
use super::store::SimStore;

/// The store.
#[derive(Debug)]
pub struct Disk {
    /// The rows.
    pub rows: SimStore,
    /// Number of applied commits and restores.
    pub revision: u64,
    /// Number of commits under way.
    pub under_way: u32,
    /// The backup to which the store may return.
    pub backup: Option<Backup>,
    /// Number of times that the store has returned to a backup.
    pub era: u64,
}

impl Disk {
    /// A store with these rows, which nothing has changed yet.
    pub fn new(rows: SimStore) -> Disk {
        Disk { rows, revision: 0, under_way: 0, backup: None, era: 0 }
    }
}
