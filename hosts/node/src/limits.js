// Every bound of this host, in one place, each with its unit in its name. Those of the contract are the WIT's.

export const KEY_BYTES_MAX = 255;
// One byte more than a key: the first bound after a key of full length must be expressible.
export const BOUND_BYTES_MAX = KEY_BYTES_MAX + 1;
export const VALUE_BYTES_MAX = 524_288;
export const GET_KEYS_MAX = 1_000;
export const SCAN_ENTRIES_MAX = 1_000;
export const COMMIT_CHECKS_MAX = 1_000;
export const COMMIT_MUTATIONS_MAX = 1_000;
export const COMMIT_BYTES_MAX = 8_388_608;

// Instances for calls outside a transaction; more calls wait their turn. Calls inside one never wait: what they would
// wait for may wait for their transaction.
export const INSTANCES_MAX = 16;
// Instances that are kept when nobody calls. Each has a memory of some megabytes.
export const INSTANCES_IDLE_MAX = 4;

// How far the monotonic clock may be from the system's before it is set anew.
export const CLOCK_DRIFT_MS_MAX = 5;

// One call of `deliver` by the pump: it ends when nothing is due, or with a drain.
export const PUMP_BUDGET_MS = 4_294_967_295;
export const ATTEMPTS_MAX = 4_294_967_295;
// Workers of one pump: one alone keeps hundreds of requests in flight.
export const PUMP_WORKERS_MAX = 16;
// The first pause after a failed call of the pump. It doubles up to the next.
export const PUMP_BACKOFF_MS_MIN = 100;
export const PUMP_BACKOFF_MS_MAX = 5_000;
// The pause when a call did nothing and yet says that there is work now: another worker has it.
export const PUMP_YIELD_MS = 10;
// `deliver` by hand, unless its caller says otherwise: what a serverless call may take.
export const DELIVER_BUDGET_MS = 10_000;

// How long a commit waits for another's lock on the SQLite file until it is `not-applied`.
export const SQLITE_BUSY_MS_MAX = 5_000;
export const SQLITE_RETRY_MS_MIN = 1;
export const SQLITE_RETRY_MS_MAX = 25;
// Commits that share one transaction, and with it one flush to the disk.
export const GROUP_COMMITS_MAX = 256;
export const GROUP_BYTES_MAX = 8_388_608;

// A connection that no request uses is closed after this long. Shorter than the 5 s after which widespread servers
// close it themselves: a request that crosses such a close fails for nothing.
export const IDLE_CONNECTION_MS_MAX = 4_000;
// For everything until HTTP can be spoken, so that what no deadline watches any more ends too.
export const CONNECT_MS_MAX = 30_000;
// Look-ups at once. How many of them the system works on is its own affair; names that took longer than this the last time
// get one place, so that there are others for the rest.
export const LOOKUPS_MAX = 16;
export const LOOKUP_SLOW_MS = 1_000;
export const SLOW_LOOKUPS_MAX = 1;
export const SLOW_NAMES_MAX = 1_000;
// An address that has not answered by then gets company from the next (RFC 8305, section 8).
export const STAGGER_MS = 250;
export const ADDRESSES_MAX = 8;
export const RESPONSE_HEADERS_MAX = 100;
export const RESPONSE_HEAD_BYTES_MAX = 65_536;
// What compressed bytes may measure beyond the limit on what they hold: a header, a trailer, framing.
export const COMPRESSED_OVERHEAD_BYTES = 1_024;
// A sentence for the log is cut here, in characters.
export const DETAIL_CHARS_MAX = 200;
// Distinct egress policies whose connections are kept; an instance has one.
export const ROUTES_MAX = 16;
export const PROXY_ANSWER_BYTES_MAX = 16_384;
export const TLS_SESSIONS_MAX = 1_000;

// A request's body at the middleware, and how long a client may take for it.
export const BODY_BYTES_MAX = 1_048_576;
export const BODY_READ_MS_MAX = 30_000;
