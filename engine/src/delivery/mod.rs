//! One delivery: the webhook opened for use, its request, the verdict on the response, its place in the queue, and sending it
//! again.

pub(crate) mod order;
pub(crate) mod outgoing;
pub(crate) mod redeliver;
pub(crate) mod retry_after;
pub(crate) mod rotation;
pub(crate) mod rules;
pub(crate) mod stored;
pub(crate) mod target;
pub(crate) mod verdict;
