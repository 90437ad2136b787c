//! The parameters of a request's query. A call refuses every parameter that it does not know.

use crate::api::paging::PAGE_DEFAULT;
use crate::support::error::{Error, ErrorKind};
use crate::support::json;
use crate::support::percent;
use crate::support::text;

/// The parameters of a request, decoded and trimmed.
pub(super) struct Query {
    parameters: Vec<(String, String)>,
}

/// The part of a list that a request asks for.
pub(super) struct Range<'a> {
    pub cursor: Option<&'a str>,
    pub limit: u32,
}

impl Query {
    /// Reads a query. Each parameter may occur once.
    pub(super) fn parse(text: &str) -> Result<Query, Error> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, text::trim(&decode(value)?).to_owned());
            if parameters.iter().any(|(other, _)| *other == name) {
                let message = format!("the parameter `{}` is there twice", json::quoted(&name));
                return Err(Error::of(ErrorKind::Invalid, message).hint("give it once"));
            }
            parameters.push((name, value));
        }
        Ok(Query { parameters })
    }

    /// Returns an error if there is a parameter: the call has none.
    pub(super) fn none(&self) -> Result<(), Error> {
        self.check(&[])
    }

    /// Returns the part of a list that is asked for.
    pub(super) fn range(&self) -> Result<Range<'_>, Error> {
        self.check(&["cursor", "limit"])?;
        let limit = self.value("limit").map(|value| {
            value.parse().map_err(|_| {
                Error::invalid("limit", format!("`{}` is no number", json::quoted(value))).hint("1 to 100")
            })
        });
        Ok(Range { cursor: self.value("cursor"), limit: limit.transpose()?.unwrap_or(PAGE_DEFAULT) })
    }

    /// Returns the value of a parameter.
    fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns an error for the first parameter that is not one of these.
    fn check(&self, known: &[&str]) -> Result<(), Error> {
        let Some((name, _)) = self.parameters.iter().find(|(name, _)| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let message = format!("`{}` is no parameter of this call", json::quoted(name));
        let hint = if known.is_empty() {
            "the call has no parameters".to_owned()
        } else {
            format!("the parameters are {}", known.join(" and "))
        };
        Err(Error::of(ErrorKind::Invalid, message).hint(hint))
    }
}

/// Decodes percent-encoding.
pub(super) fn decode(text: &str) -> Result<String, Error> {
    let broken = || Error::of(ErrorKind::Invalid, format!("`{}` is not percent-encoded UTF-8", json::quoted(text)));
    let bytes = percent::decode(text).ok_or_else(broken)?;
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone() {
        for (text, decoded) in
            [("wh_a", Some("wh_a")), ("a%2Fb%c3%bc", Some("a/bü")), ("%", None), ("%zz", None), ("%ff", None)]
        {
            assert_eq!(decode(text).ok().as_deref(), decoded, "{text}");
        }
    }

    #[test]
    fn queries_are_strict() {
        let query = Query::parse("limit=%207&cursor=a%2Fb%0A").unwrap();
        let Range { cursor, limit } = query.range().unwrap();
        assert_eq!((limit, cursor), (7, Some("a/b")));
        for (name, text) in [
            ("no number", "limit=x"),
            ("negative", "limit=-1"),
            ("unknown", "page=2"),
            ("twice", "limit=1&limit=1"),
            ("not UTF-8", "cursor=%ff"),
        ] {
            assert!(Query::parse(text).and_then(|query| query.range().map(drop)).is_err(), "{name}");
        }
        assert!(Query::parse("").unwrap().none().is_ok());
        let told = Query::parse("limit=1").unwrap().none().unwrap_err().to_string();
        assert_eq!(told, "`limit` is no parameter of this call (the call has no parameters)");
    }
}
