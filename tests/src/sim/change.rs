//! One row of a commit.

use super::ids::CallId;

/// A row that a commit puts or deletes.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// When the commit was applied, in true microseconds.
    pub now_us: u64,
    /// The call that submitted the commit.
    pub call: CallId,
    /// The row's key.
    pub key: &'a str,
    /// The row's value; `None`: the row is deleted.
    pub value: Option<&'a str>,
}

impl<'a> Change<'a> {
    /// Returns the value, read as a row of this type; `None` if the row is deleted.
    pub fn read<T: serde::Deserialize<'a>>(self) -> Result<Option<T>, String> {
        self.value.map(|value| self.parse(value)).transpose()
    }

    /// Returns the value, read as a row of this type that is never deleted.
    pub fn read_put<T: serde::Deserialize<'a>>(self) -> Result<T, String> {
        self.parse(self.value.ok_or_else(|| format!("'{}' was deleted", self.key))?)
    }

    fn parse<T: serde::Deserialize<'a>>(self, value: &'a str) -> Result<T, String> {
        let key = self.key;
        serde_json::from_str(value).map_err(|error| format!("'{key}' is not as the layout says: {error}: {value}"))
    }
}
