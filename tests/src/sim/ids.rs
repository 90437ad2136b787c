//! Indexes into the lists of a run, and the time at which every run begins.

/// One engine call of one instance.
pub type CallId = usize;
/// A request, as an index into all requests of the run.
pub type RequestId = usize;

/// An index into the instances.
pub type InstanceId = usize;

/// When every world begins, in microseconds since 1970.
pub const BEGIN_US: u64 = 1_760_000_000_000_000;
