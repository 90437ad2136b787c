//! The error type of the engine's calls: kind, field, message and hint. It never holds a secret.

/// Number of webhooks that a message lists.
const LISTED_MAX: usize = 20;

/// The reason why a call was refused or failed. It is boxed, so that results stay small.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Details>);

/// The contents of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The kind of failure, which decisions and status codes are based on.
    pub kind: ErrorKind,
    /// The field that breaks a rule, as a path into the input (`events[1]`).
    pub field: Option<String>,
    /// One sentence that describes the failure. It quotes the value, unless the value may be a secret.
    pub message: String,
    /// One sentence that says how to mend it.
    pub hint: Option<String>,
    /// The work that a call for several webhooks has done before it failed.
    pub progress: Option<Progress>,
}

/// The work that a call for several webhooks has done before it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The webhooks for which it was done.
    pub done: Vec<String>,
    /// The other webhooks.
    pub left: Vec<String>,
}

/// The kinds of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input breaks a rule. The caller must change it.
    Invalid,
    /// The input is larger than a limit.
    TooLarge,
    /// The tenant has no object of this id.
    NotFound,
    /// The input contradicts a stored row (the same event id with different contents).
    Conflict,
    /// The caller lacks a permission.
    Forbidden,
    /// The storage failed. Repeating the call may succeed.
    Unavailable,
    /// Stored rows prevent it for now, although the storage works: a row of a newer version, or too many rows.
    Blocked,
    /// The platform's transaction is lost and must be rolled back.
    TransactionAborted,
    /// A stored row or the configuration is broken.
    Internal,
}

impl Error {
    /// Returns an error about a field of the input.
    #[cold]
    pub fn invalid(field: &str, message: impl Into<String>) -> Error {
        Error::of(ErrorKind::Invalid, message).at(field)
    }

    /// Returns an error of a kind, about no field.
    #[cold]
    pub fn of(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Details { kind, field: None, message: message.into(), hint: None, progress: None }))
    }

    /// Returns the error with this field of the input.
    #[cold]
    pub fn at(mut self, field: &str) -> Error {
        self.field = Some(field.to_owned());
        self
    }

    /// Returns the error with a hint.
    #[cold]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the error with what the call has done before it. The message says it too.
    #[cold]
    pub fn after(mut self, progress: Progress) -> Error {
        let (done, all) = (progress.done.len(), progress.done.len() + progress.left.len());
        let listed = progress.done.iter().take(LISTED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if done > LISTED_MAX { format!(" and {} more", done - LISTED_MAX) } else { String::new() };
        let which = if done > 0 { format!(": {listed}{more}") } else { String::new() };
        self.message = format!("{}; it was done for {done} of {all} webhooks{which}", self.message);
        self.progress = Some(progress);
        self
    }

    /// Returns the error with its field inside an outer one: `name` becomes `events[3].name`.
    #[cold]
    pub fn within(mut self, outer: &str) -> Error {
        self.field = Some(match self.field.take() {
            Some(inner) => format!("{outer}.{inner}"),
            None => outer.to_owned(),
        });
        self
    }
}

impl std::ops::Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl From<Details> for Error {
    fn from(details: Details) -> Error {
        Error(Box::new(details))
    }
}

impl From<Error> for Details {
    fn from(error: Error) -> Details {
        *error.0
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
