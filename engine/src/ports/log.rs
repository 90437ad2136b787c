//! Lines for the administrator's log.

/// The platform's log. Its lines are for people, and no decision depends on them.
pub trait Log {
    /// Writes a line about something that an administrator wants to know. Without a log it goes nowhere.
    fn warn(&self, _line: &str) {}
}
