// Every bound of this host. The unit is the last part of the name, before MIN, MAX or DEFAULT. `wit/storage.wit` and
// `wit/http.wit` define the bounds of the contract.

export const U32_MAX = 4_294_967_295;

// The storage contract.
export const KEY_BYTES_MAX = 255;
// One byte longer than a key: a scan may begin directly after a key of full length.
export const BOUND_BYTES_MAX = KEY_BYTES_MAX + 1;
export const VALUE_BYTES_MAX = 524_288;
export const GET_KEYS_MAX = 1_000;
export const SCAN_ENTRIES_MAX = 1_000;
export const COMMIT_CHECKS_MAX = 1_000;
export const COMMIT_MUTATIONS_MAX = 1_000;
export const COMMIT_BYTES_MAX = 8_388_608;

// Instances that run calls outside a transaction at the same time. More calls queue.
export const INSTANCES_MAX = 16;
// Idle instances that are kept without limit. Each has a few megabytes of memory.
export const INSTANCES_IDLE_MIN = 4;
// How long the others are kept for the next burst of calls.
export const INSTANCE_IDLE_MS_MAX = 60_000;
// How long the worker thread may compute without a pause. A working guest needs some milliseconds.
export const GUEST_MS_MAX = 10_000;
// How often the thread is asked whether it responds.
export const WATCH_MS = 5_000;
// A look that comes later than this shows that the asking thread itself was blocked.
export const WATCH_LATE_MS = 1_000;

// How long `stop` and `close` wait for what is in flight when the caller gives no time. Orchestrators kill a process
// after 10 to 30 s.
export const STOP_MS_DEFAULT = 8_000;

// The largest difference between the monotonic clock and the system clock before the offset is measured again.
export const CLOCK_DRIFT_MS_MAX = 5;

// Entries of a page when the caller gives no limit.
export const PAGE_ENTRIES_DEFAULT = 50;

// The budget of a `deliver` call when the caller gives none. A serverless function has about this much time.
export const DELIVER_MS_DEFAULT = 10_000;

// Background workers of one Hookwright. One worker keeps hundreds of requests in flight.
export const WORKERS_MAX = 16;
// The budget of a background worker's run. The run ends when nothing is due, or after a drain signal.
export const RUN_MS_MAX = U32_MAX;
export const RUN_ATTEMPTS_MAX = U32_MAX;
// The pause after a failed run. It doubles with each failure in a row.
export const RUN_RETRY_MS_MIN = 100;
export const RUN_RETRY_MS_MAX = 5_000;
// The pause after a run that did nothing although work is due, because another worker holds the leases.
export const RUN_CONTENDED_MS = 10;
// The pause before a worker thread that ended is started again. It doubles until a thread has started.
export const THREAD_RESTART_MS_MIN = 1_000;
export const THREAD_RESTART_MS_MAX = 60_000;

// How long a SQLite call waits for another connection's lock before it fails with `not-applied`.
export const SQLITE_BUSY_MS_MAX = 5_000;
export const SQLITE_RETRY_MS_MIN = 1;
export const SQLITE_RETRY_MS_MAX = 25;
// Commits that share one SQLite transaction, and with it one flush to disk.
export const GROUP_COMMITS_MAX = 256;
export const GROUP_BYTES_MAX = 8_388_608;

// Attempts to create the PostgreSQL table while another session creates it.
export const SCHEMA_ATTEMPTS_MAX = 5;
// How long a call in a PostgreSQL transaction waits for the pool, to learn which database the store is in.
export const HOME_MS_MAX = 5_000;
// PostgreSQL connections of the worker thread.
export const WORKER_CONNECTIONS_MAX = 4;

// How long an unused HTTP connection is kept. Common servers close theirs after 5 s. A shorter time avoids requests
// that cross such a close.
export const IDLE_CONNECTION_MS_MAX = 4_000;
// DNS, TCP, the proxy's tunnel and TLS together. It ends a connection attempt that no request waits for any more.
export const CONNECT_MS_MAX = 30_000;
// DNS lookups at the same time.
export const LOOKUPS_MAX = 16;
// A name whose last lookup took longer than this is slow. All slow names share one place, so that other names find a
// free one.
export const LOOKUP_SLOW_MS = 1_000;
export const SLOW_LOOKUPS_MAX = 1;
export const SLOW_NAMES_MAX = 1_000;
// The time after which the next address is tried beside one that has not answered (RFC 8305, section 8).
export const DIAL_STAGGER_MS = 250;
export const ADDRESSES_MAX = 8;
export const RESPONSE_HEADERS_MAX = 100;
export const RESPONSE_HEAD_BYTES_MAX = 65_536;
// Bytes of a compressed body that are not content: a header, a trailer, framing.
export const COMPRESSED_OVERHEAD_BYTES = 1_024;
// Characters of an error's detail.
export const DETAIL_CHARS_MAX = 400;
// Characters of a name in a certificate, and how many of its hosts are named, in an error's detail.
export const CERTIFICATE_NAME_CHARS_MAX = 64;
export const CERTIFICATE_HOSTS_SHOWN_MAX = 3;
// Receivers that are remembered because they accept no HTTP/1.1 over TLS, and for how long.
export const HTTP2_RECEIVERS_MAX = 256;
export const HTTP2_REMEMBERED_MS = 3_600_000;
// The time between two pings of an HTTP/2 connection. It is closed if one has no reply when the next is due.
export const HTTP2_PING_MS = 4_000;
// Egress policies whose connections are kept. One instance uses one policy.
export const ROUTES_MAX = 16;
export const PROXY_RESPONSE_BYTES_MAX = 16_384;
export const TLS_SESSIONS_MAX = 1_000;

// The body of a request to the management API, and the time in which a client must send it.
export const BODY_BYTES_MAX = 1_048_576;
export const BODY_READ_MS_MAX = 30_000;
