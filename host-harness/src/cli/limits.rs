//! Every bound of the commands, in one place, each with its unit in its name. Those of the host are in the library.

/// A request that `verify` reads: the longest payload of any profile, with its head.
pub const REQUEST_BYTES_MAX: usize = hookwright_engine::limits::BODY_BYTES_MAX + 64 * 1024;
/// How much of a body `listen` shows to people, in lines.
pub const SHOWN_LINES_MAX: usize = 40;
/// How much of each of those lines, in characters.
pub const SHOWN_LINE_CHARS_MAX: usize = 200;
/// How long `listen` lets its last answers leave.
pub const LISTEN_END_MS_MAX: u64 = 2_000;
/// How long one call of a running `serve` may take, in milliseconds.
pub const CALL_MS_MAX: u64 = 60_000;
/// The first pause before a call is repeated. It doubles up to the next.
pub const RETRY_PAUSE_MS_MIN: u64 = 100;
/// The longest pause before a call is repeated.
pub const RETRY_PAUSE_MS_MAX: u64 = 5_000;
/// An answer of the API: the longest is a page of webhooks with all that they may hold.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The name of a run of `emit`, in bytes: with a number behind it, it is an event's id.
pub const RUN_BYTES_MAX: usize = 64;
/// Between two states of a progress line on a terminal.
pub const PROGRESS_TERMINAL_MS: u64 = 100;
/// Between two progress lines elsewhere.
pub const PROGRESS_LOG_MS: u64 = 10_000;
/// A list that `import` reads. Webhooks are few; a list that is longer is something else.
pub const IMPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Webhooks of one page of the API's list.
pub const WEBHOOKS_PER_PAGE: usize = 100;
/// Problems of an import that are told one by one.
pub const PROBLEMS_TOLD_MAX: usize = 50;
