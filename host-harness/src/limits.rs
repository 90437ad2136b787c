//! The limits of this host.

/// Linear memory of one instance. A call holds several copies of a commit of 8 MiB; the rest is reserve.
pub const MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long a guest may compute between two calls of its host. A working guest needs some milliseconds.
pub const GUEST_TIME_MS_MAX: u64 = 5_000;
/// How often a running guest can be interrupted: the precision of `GUEST_TIME_MS_MAX`.
pub const TICK_MS: u64 = 10;
/// Core instances of one component instance. It needs three: the module and two helpers of the encoder.
pub const CORE_INSTANCES_MAX: usize = 16;
/// Tables of one component instance.
pub const TABLES_MAX: usize = 16;
/// Memories of one component instance.
pub const MEMORIES_MAX: usize = 1;
/// Elements of one table.
pub const TABLE_ELEMENTS_MAX: usize = 20_000;

/// Time budget of one run of a worker: without limit. A run ends when nothing is due, or with a drain. A run with a time limit
/// must wait for its requests in flight at the end, and a receiver that hangs would keep the worker from new deliveries.
pub const RUN_BUDGET_MS: u32 = u32::MAX;
/// First pause of a worker after a failed run. It doubles up to `WORKER_BACKOFF_MS_MAX`.
pub const WORKER_BACKOFF_MS_MIN: u64 = 100;
/// Longest pause of a worker after a failed run.
pub const WORKER_BACKOFF_MS_MAX: u64 = 5_000;
/// Pause of a worker after a run that did nothing although work is due: another worker has leased it.
pub const WORKER_YIELD_MS: u64 = 10;

/// Body of an API request: the largest list of events, and the text between them.
pub const BODY_BYTES_MAX: usize = hookwright_engine::limits::EVENTS_BYTES_MAX + 64 * 1024;
/// How long a client may take to send the head of a request.
pub const HEADER_READ_MS_MAX: u64 = 10_000;
/// How long a client may take to send the body of a request.
pub const BODY_READ_MS_MAX: u64 = 30_000;
/// How much of a refused body is read and discarded. A client that still sends would not get the response otherwise.
pub const DISCARDED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long a refused body is read and discarded.
pub const DISCARD_MS_MAX: u64 = 5_000;
/// How long the server waits for requests in progress when it stops.
pub const SHUTDOWN_MS_MAX: u64 = 10_000;
/// API connections at a time. More wait in the listening socket's backlog.
pub const CONNECTIONS_MAX: usize = 1_024;

/// Name lookups at a time. More than the attempts that one tenant can have in flight at one worker to webhooks without a success
/// (192), so that the new names of one tenant cannot occupy all threads.
pub const LOOKUPS_MAX: usize = 256;
/// Lookups at a time of names that are known to be slow.
pub const SLOW_LOOKUPS_MAX: usize = 64;
/// How long a lookup may take before it counts as slow. Longer than most lookups that succeed, and shorter than the first timeout
/// of most resolvers (5 s).
pub const SLOW_LOOKUP_MS: u64 = 2_000;
/// Names that are remembered as slow. Beyond that number all are forgotten, and each has to be found slow again.
pub const SLOW_NAMES_MAX: usize = 10_000;
