//! The limits of the commands. The library has those of the host.

/// Longest request that `verify` reads: the longest payload of any profile, with its head.
pub const REQUEST_BYTES_MAX: usize = hookwright_engine::limits::BODY_BYTES_MAX + 64 * 1024;
/// Lines of a body that `listen` shows.
pub const SHOWN_LINES_MAX: usize = 40;
/// Characters of each of these lines.
pub const SHOWN_LINE_CHARS_MAX: usize = 200;
/// How long `listen` waits for its last responses to be sent.
pub const LISTEN_END_MS_MAX: u64 = 2_000;
/// How long one call of a running `serve` may take.
pub const CALL_MS_MAX: u64 = 60_000;
/// First pause before a call is repeated. It doubles up to `RETRY_PAUSE_MS_MAX`.
pub const RETRY_PAUSE_MS_MIN: u64 = 100;
/// Longest pause before a call is repeated.
pub const RETRY_PAUSE_MS_MAX: u64 = 5_000;
/// Longest response of the API that is read. The longest that it sends is a page of webhooks with all fields at their limits.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest name of a run of `emit`. With a number appended, it is an event's id.
pub const RUN_BYTES_MAX: usize = 64;
/// Interval of the progress line on a terminal.
pub const PROGRESS_TERMINAL_MS: u64 = 100;
/// Interval of progress lines in a log.
pub const PROGRESS_LOG_MS: u64 = 10_000;
/// Longest list that `import` reads. A longer file is not a list of webhooks.
pub const IMPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Webhooks in one page of the API's list.
pub const WEBHOOKS_PER_PAGE: usize = 100;
/// Problems of an import that are printed one by one.
pub const PROBLEMS_PRINTED_MAX: usize = 50;
