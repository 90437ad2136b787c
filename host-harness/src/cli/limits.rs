//! Every bound of the commands, in one place, each with its unit in its name. Those of the host are in the library.

/// A request that `verify` reads: the longest payload of any profile, with its head.
pub const REQUEST_BYTES_MAX: usize = hookwright_engine::limits::BODY_BYTES_MAX + 64 * 1024;
/// A profile's file.
pub const PROFILE_BYTES_MAX: usize = 256 * 1024;
/// How much of a body `listen` shows to people, in lines.
pub const SHOWN_LINES_MAX: usize = 40;
/// How much of each of those lines, in characters.
pub const SHOWN_LINE_CHARS_MAX: usize = 200;
/// How long `listen` lets its last answers leave.
pub const LISTEN_END_MS_MAX: u64 = 2_000;
