//! The budget that a call of `deliver` is given, and the report that it returns.

/// How much a call of `deliver` may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Starts nothing new after so many milliseconds.
    pub time_ms: u32,
    /// Starts at most so many attempts.
    pub attempts_max: u32,
}

/// What a call of `deliver` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Messages whose webhooks were determined.
    pub routed: u32,
    /// Attempts made and recorded.
    pub attempts: u32,
    /// Of these, the successful ones.
    pub delivered: u32,
    /// Milliseconds until `deliver` should be called again.
    pub next_due_ms: u32,
    /// Rows that could not be read, for the operator: each names its key. What does not need them went on.
    pub problems: Vec<String>,
}
