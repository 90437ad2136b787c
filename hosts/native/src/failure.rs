//! The error of a call: a status for programs, and a JSON object for people.

use serde_json::{Value, json};

/// The status that the functions of the interface return. The header has the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok = 0,
    Refused = 1,
    Trapped = 2,
    Misused = 3,
    Failed = 4,
}

/// An error of a call.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    error: Value,
}

/// The outcome of a call: its value, or the error.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// The component's own error, unchanged.
    pub(crate) fn refused(error: Value) -> Failure {
        Failure { status: Status::Refused, error }
    }

    /// A call that ended the guest.
    pub(crate) fn trapped(reason: &str) -> Failure {
        let hint = "committed data is kept; the next call creates a new guest";
        Failure::new(Status::Trapped, "trapped", None, &format!("the call ended the guest: {reason}"), Some(hint))
    }

    /// Replaces the hint of a trap that prevented the instance from being created: there is no next call.
    pub(crate) fn without_instance(mut self) -> Failure {
        if self.status == Status::Trapped {
            self.error["hint"] = json!(
                "no instance was created: give the engine more memory or time, or fix the cause named in the message"
            );
        }
        self
    }

    /// A rule of the interface that the caller broke, with a hint how to keep it.
    pub(crate) fn misused(kind: &str, message: &str, hint: &str) -> Failure {
        Failure::new(Status::Misused, kind, None, message, Some(hint))
    }

    /// A handle that is not open.
    pub(crate) fn closed(message: &str) -> Failure {
        Failure::misused("closed", message, "use a handle from hw_engine_open or hw_instance_new until it is closed")
    }

    /// An invalid option or argument. `message` continues the sentence that begins with the field's name.
    pub(crate) fn invalid(field: &str, message: &str, hint: Option<&str>) -> Failure {
        let message = if field.is_empty() { format!("it {message}") } else { format!("`{field}` {message}") };
        Failure::new(Status::Misused, "invalid", Some(field).filter(|field| !field.is_empty()), &message, hint)
    }

    /// A file that cannot be used.
    pub(crate) fn file(field: &str, message: &str, hint: &str) -> Failure {
        Failure::new(Status::Failed, "file", Some(field), message, Some(hint))
    }

    /// A component that cannot be compiled or linked.
    pub(crate) fn engine(message: &str) -> Failure {
        Failure::new(Status::Failed, "engine", None, message, None)
    }

    /// A bug of the bridge.
    pub(crate) fn internal(message: &str) -> Failure {
        Failure::new(Status::Failed, "internal", None, message, Some("this is a bug of the bridge: please report it"))
    }

    fn new(status: Status, kind: &str, field: Option<&str>, message: &str, hint: Option<&str>) -> Failure {
        Failure { status, error: json!({"kind": kind, "field": field, "message": message, "hint": hint}) }
    }

    /// Returns the error as JSON text.
    pub(crate) fn json(&self) -> String {
        self.error.to_string()
    }
}
