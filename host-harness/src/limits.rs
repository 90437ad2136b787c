//! Every bound of this host, in one place, each with its unit in its name.

/// Linear memory of one instance. A call holds an 8 MiB commit several times over; the rest is reserve.
pub const MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long a guest may compute between two calls of its host. Its longest honest stretch is some milliseconds.
pub const GUEST_TIME_MS_MAX: u64 = 5_000;
/// How often a running guest can be interrupted: the precision of the bound above.
pub const TICK_MS: u64 = 10;
/// Core instances of one component instance: the module itself and the encoder's two helpers, with room.
pub const CORE_INSTANCES_MAX: usize = 16;
/// Tables of one component instance.
pub const TABLES_MAX: usize = 16;
/// Memories of one component instance.
pub const MEMORIES_MAX: usize = 1;
/// Elements of one table.
pub const TABLE_ELEMENTS_MAX: usize = 20_000;

/// One call of `deliver` by the pump: it ends when nothing is due, or with a drain. With less, a worker that has to let
/// requests in flight end (a hanging receiver's, say) would meanwhile begin nothing new.
pub const PUMP_BUDGET_MS: u32 = u32::MAX;
/// The first pause after a failed call of the pump. It doubles up to the next.
pub const PUMP_BACKOFF_MS_MIN: u64 = 100;
/// The longest pause after a failed call of the pump.
pub const PUMP_BACKOFF_MS_MAX: u64 = 5_000;
/// The pause when a call did nothing and yet says that there is work now: another worker has it.
pub const PUMP_YIELD_MS: u64 = 10;

/// A request's body, in bytes: the largest list of events, and the text between them.
pub const BODY_BYTES_MAX: usize = hookwright_engine::limits::EVENTS_BYTES_MAX + 64 * 1024;
/// How long a client may take for the head of a request.
pub const HEADER_READ_MS_MAX: u64 = 10_000;
/// How long a client may take for the body of a request.
pub const BODY_READ_MS_MAX: u64 = 30_000;
/// How much of a body that is refused is read all the same, in bytes: a client that is still sending would lose the answer.
pub const DISCARDED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// For how long it is.
pub const DISCARD_MS_MAX: u64 = 5_000;
/// How long requests in progress have to end when the server stops.
pub const SHUTDOWN_MS_MAX: u64 = 10_000;
/// Connections of the API at once; more wait in the listening socket's backlog.
pub const CONNECTIONS_MAX: usize = 1_024;
