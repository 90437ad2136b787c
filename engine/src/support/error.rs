//! The one error type of the engine's calls: kind, field, what was wrong, how to mend it. Never a secret.

/// Why a call was refused or failed. Boxed: a result is as large as what it carries, and handing an error on costs a word.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Details>);

/// What an error says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// What sort of failure it is, for decisions and status codes.
    pub kind: ErrorKind,
    /// The field at fault, as a path into the input (`events[1]`), if one is.
    pub field: Option<String>,
    /// One sentence: what was wrong, quoting the offending value unless it may be a secret.
    pub message: String,
    /// One sentence: how to mend it.
    pub hint: Option<String>,
}

/// The kinds of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input breaks a rule; the caller must change it.
    Invalid,
    /// The input is larger than a limit.
    TooLarge,
    /// There is no such thing for this tenant.
    NotFound,
    /// It contradicts what is stored (the same event id with another content).
    Conflict,
    /// The caller lacks a permission.
    Forbidden,
    /// The storage failed in a way that repeating the call may mend.
    Unavailable,
    /// What is stored keeps it from being done for now, and the storage is well: a row of a newer version, or too many rows.
    Blocked,
    /// The platform's transaction is lost and must be rolled back.
    TransactionAborted,
    /// A stored row or the configuration is not what it should be.
    Internal,
}

impl Error {
    /// An error about a field of the input.
    #[cold]
    pub fn invalid(field: &str, message: impl Into<String>) -> Error {
        Error::of(ErrorKind::Invalid, message).at(field)
    }

    /// An error of another kind, about no field.
    #[cold]
    pub fn of(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Details { kind, field: None, message: message.into(), hint: None }))
    }

    /// The same, about this field of the input.
    #[cold]
    pub fn at(mut self, field: &str) -> Error {
        self.field = Some(field.to_owned());
        self
    }

    /// The same, with the mend.
    #[cold]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// The same, its field seen from outside: `name` becomes `events[3].name`.
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
