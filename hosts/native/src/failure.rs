//! Why a call has no value: a status for decisions, and an error in JSON for people.

use serde_json::{Value, json};

/// What the functions of the interface return, as in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok = 0,
    Refused = 1,
    Trapped = 2,
    Misused = 3,
    Failed = 4,
}

/// What is answered instead of a value.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    error: Value,
}

pub(crate) type Answer<T> = Result<T, Failure>;

impl Failure {
    /// The component's own error, as it gave it.
    pub(crate) fn refused(error: Value) -> Failure {
        Failure { status: Status::Refused, error }
    }

    pub(crate) fn trapped(reason: &str) -> Failure {
        let hint = "what was committed is kept; the next call makes a new guest";
        Failure::new(Status::Trapped, "trapped", None, &format!("the call ended the guest: {reason}"), Some(hint))
    }

    /// The same where no instance came of it.
    pub(crate) fn still_born(mut self) -> Failure {
        if self.status == Status::Trapped {
            self.error["hint"] =
                json!("there is no instance: give the engine more memory or time, or mend what the reason names");
        }
        self
    }

    /// A rule of the interface that the caller broke, with how to keep it.
    pub(crate) fn misused(kind: &str, message: &str, hint: &str) -> Failure {
        Failure::new(Status::Misused, kind, None, message, Some(hint))
    }

    /// A handle that stands for nothing.
    pub(crate) fn closed(message: &str) -> Failure {
        Failure::misused("closed", message, "use what hw_engine_open and hw_instance_new gave, until it is closed")
    }

    /// An option or an argument that is not what it must be. `message` goes on where the field's name ends.
    pub(crate) fn invalid(field: &str, message: &str, hint: Option<&str>) -> Failure {
        let message = if field.is_empty() { format!("it {message}") } else { format!("`{field}` {message}") };
        Failure::new(Status::Misused, "invalid", Some(field).filter(|field| !field.is_empty()), &message, hint)
    }

    pub(crate) fn file(field: &str, message: &str, hint: &str) -> Failure {
        Failure::new(Status::Failed, "file", Some(field), message, Some(hint))
    }

    pub(crate) fn engine(message: &str) -> Failure {
        Failure::new(Status::Failed, "engine", None, message, None)
    }

    pub(crate) fn internal(message: &str) -> Failure {
        Failure::new(Status::Failed, "internal", None, message, Some("this is a bug of the bridge: please report it"))
    }

    fn new(status: Status, kind: &str, field: Option<&str>, message: &str, hint: Option<&str>) -> Failure {
        Failure { status, error: json!({"kind": kind, "field": field, "message": message, "hint": hint}) }
    }

    pub(crate) fn json(&self) -> String {
        self.error.to_string()
    }
}
