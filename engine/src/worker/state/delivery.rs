//! The queue of a leased lane as far as the worker has read it.

use std::collections::{BTreeMap, VecDeque};

use crate::store::rows::{Queue, QueuedDelivery};

/// One delivery: a message for the lane's webhook.
#[derive(Clone)]
pub(crate) struct Delivery {
    /// The key of its queue row.
    pub row: String,
    pub message: String,
    /// The number of its next attempt.
    pub number: u32,
    /// The number of the attempt with which its schedule began.
    pub first: u32,
}

impl Delivery {
    /// Returns true if the other delivery is the same attempt, from whichever row.
    pub(crate) fn is_same_attempt(&self, other: &Delivery) -> bool {
        self.number == other.number && self.message == other.message
    }

    /// Returns true if a row's entry names this attempt.
    pub(crate) fn is_named_by(&self, named: &QueuedDelivery) -> bool {
        self.message == named.message && self.number == named.number
    }

    /// Returns its entry in a row, with this number of the next attempt.
    pub(crate) fn queued(&self, number: u32) -> QueuedDelivery {
        QueuedDelivery { message: self.message.clone(), number }
    }

    /// Returns how many attempts its schedule has had, this one included.
    pub(crate) fn attempts(&self) -> u32 {
        (self.number + 1).saturating_sub(self.first)
    }
}

/// A queue row, as far as it is not settled.
pub(crate) struct QueuedRow {
    pub version: u64,
    /// The deliveries that are left.
    pub left: Vec<QueuedDelivery>,
    pub first: Option<u32>,
    pub due_ms: Option<u64>,
}

impl QueuedRow {
    /// Returns the row as it was read.
    pub(crate) fn of(version: u64, row: Queue) -> QueuedRow {
        QueuedRow { version, left: row.deliveries, first: row.first, due_ms: row.due_ms }
    }

    /// Returns true if the row still names the delivery.
    pub(crate) fn holds(&self, delivery: &Delivery) -> bool {
        self.left.iter().any(|named| delivery.is_named_by(named))
    }
}

/// The part of a lane's queue that is known.
pub(crate) struct LaneQueue {
    pub rows: BTreeMap<String, QueuedRow>,
    /// Due deliveries that are not in flight.
    pub ready: VecDeque<Delivery>,
    /// The store may have due rows that are not known.
    pub scan: bool,
    /// A row of the queue cannot be decoded.
    pub unreadable: bool,
    /// Only the first row was read, because the order is strict: other rows may be due.
    pub partial: bool,
    /// When the first known row that was not due becomes due.
    pub next_due_ms: u64,
}

impl LaneQueue {
    /// Returns the queue of which nothing is known yet.
    pub(crate) fn unread() -> LaneQueue {
        LaneQueue {
            rows: BTreeMap::new(),
            ready: VecDeque::new(),
            scan: true,
            unreadable: false,
            partial: false,
            next_due_ms: u64::MAX,
        }
    }

    /// Returns true if a known row still names the delivery.
    pub(crate) fn holds(&self, delivery: &Delivery) -> bool {
        self.rows.get(&delivery.row).is_some_and(|row| row.holds(delivery))
    }
}
