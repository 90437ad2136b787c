//! The platforms' names for the fields of a registration, and the forms in which their databases write the values.

use hookwright_engine::json::quoted;
use hookwright_engine::text::trim;
use serde_json::{Map, Value};

/// The fields of the API, and the columns that may contain each. The first column that is not null counts.
pub const FIELDS: [(&str, &[&str]); 13] = [
    ("name", &["name", "description"]),
    ("url", &["url"]),
    ("events", &["events", "event_types"]),
    ("secret", &["secret"]),
    ("method", &["method"]),
    ("headers", &["headers", "custom_headers"]),
    ("isActive", &["isActive", "is_active", "active"]),
    ("format", &["format"]),
    ("timeoutMs", &["timeoutMs", "timeout_ms"]),
    ("schedule", &["schedule"]),
    ("successStatuses", &["successStatuses", "success_statuses"]),
    ("finalStatuses", &["finalStatuses", "final_statuses"]),
    // Not part of the registration: it becomes the header `X-User`.
    ("userId", &["userId", "user_id"]),
];

/// The tenant of a webhook.
pub const TENANT: &str = "tenant";
/// When the platform deleted the webhook.
pub const DELETED_AT: &str = "deleted_at";

/// Columns that are ignored: ids, times and counters begin anew.
pub const IGNORED: [&str; 12] = [
    "id",
    "_id",
    "public_id",
    "lastTriggeredAt",
    "last_triggered_at",
    "failureCount",
    "failure_count",
    "createdAt",
    "created_at",
    "updatedAt",
    "updated_at",
    "created_by",
];

/// Returns the value of a field: that of its first column that is not null.
pub fn value<'a>(row: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    let (_, columns) = FIELDS.iter().find(|(name, _)| *name == field)?;
    columns.iter().filter_map(|column| row.get(*column)).find(|value| !value.is_null())
}

/// Returns the first unknown column.
pub fn unknown(row: &Map<String, Value>) -> Option<&str> {
    let known = |column: &str| {
        FIELDS.iter().any(|(_, columns)| columns.contains(&column))
            || IGNORED.contains(&column)
            || [TENANT, DELETED_AT].contains(&column)
    };
    row.keys().map(String::as_str).find(|column| !known(column))
}

/// Returns a text. Numbers are converted.
pub fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("expected a text".to_owned()),
    }
}

/// Reads true or false in one of the forms that databases write.
pub fn boolean(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(true),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(false),
        Value::String(text) if ["1", "true", "t"].contains(&trim(text)) => Ok(true),
        Value::String(text) if ["0", "false", "f"].contains(&trim(text)) => Ok(false),
        _ => Err("expected true or false (1 and 0, as numbers or texts, are accepted)".to_owned()),
    }
}

/// Reads a list of patterns: an array, the JSON text of one, names separated by commas, or `all`.
pub fn events(value: &Value) -> Result<Vec<Value>, String> {
    let text = match value {
        Value::Array(list) => return Ok(list.clone()),
        Value::String(text) => trim(text),
        _ => return Err("expected a list of event types".to_owned()),
    };
    match text {
        "" => Err("is empty (write \"*\" or \"all\" for every event)".to_owned()),
        "all" => Ok(vec!["*".into()]),
        text if text.starts_with('[') => {
            serde_json::from_str(text).map_err(|_| format!("`{}` is not a JSON list", quoted(text)))
        }
        text => Ok(text.split(',').map(|name| trim(name).into()).collect()),
    }
}

/// Reads a list of statuses: an array, the JSON text of one, one status, or statuses separated by commas. An empty text is
/// no list.
pub fn statuses(value: &Value) -> Result<Option<Vec<Value>>, String> {
    let text = match value {
        Value::Array(list) => return Ok(Some(list.clone())),
        Value::Number(_) => return Ok(Some(vec![value.clone()])),
        Value::String(text) => text.trim(),
        _ => return Err("expected a list of statuses".to_owned()),
    };
    match text {
        "" => Ok(None),
        text if text.starts_with('[') => {
            serde_json::from_str(text).map(Some).map_err(|_| format!("`{}` is not a JSON list", quoted(text)))
        }
        text => Ok(Some(text.split(',').map(|status| status.trim().into()).collect())),
    }
}

/// Reads headers: an object, a list of objects with `name` (or `key`) and `value`, or the JSON text of one of these. No error
/// quotes a value, because it may be a secret.
pub fn headers(value: &Value) -> Result<Option<Map<String, Value>>, String> {
    let wrong = || "expected an object of names and values".to_owned();
    match value {
        Value::String(text) if trim(text).is_empty() => Ok(None),
        Value::String(text) => match serde_json::from_str(trim(text)).map_err(|_| wrong())? {
            Value::Null => Ok(None),
            Value::String(_) => Err(wrong()),
            inner => headers(&inner),
        },
        Value::Object(headers) => Ok(Some(headers.clone())),
        Value::Array(list) => {
            let mut headers = Map::new();
            for item in list {
                let name = item.get("name").or(item.get("key")).and_then(Value::as_str).ok_or_else(wrong)?;
                let value = item.get("value").ok_or_else(wrong)?;
                if headers.insert(name.to_owned(), value.clone()).is_some() {
                    return Err(format!("`{}` occurs twice", quoted(name)));
                }
            }
            Ok(Some(headers))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_in_all_forms_that_databases_write() {
        let yes = [json!(true), json!(1), json!("1"), json!("t"), json!("true")];
        assert!(yes.iter().all(|value| boolean(value) == Ok(true)));
        let no = [json!(false), json!(0), json!("0"), json!("f"), json!("false")];
        assert!(no.iter().all(|value| boolean(value) == Ok(false)));
        assert!([json!(2), json!("yes"), json!([])].iter().all(|value| boolean(value).is_err()));

        let lists = [
            (json!([401, "4xx"]), Some(json!([401, "4xx"]))),
            (json!("[401, \"4xx\"]"), Some(json!([401, "4xx"]))),
            (json!("401, 4xx"), Some(json!(["401", "4xx"]))),
            (json!(401), Some(json!([401]))),
            (json!(" "), None),
        ];
        for (value, expected) in lists {
            assert_eq!(statuses(&value).unwrap().map(Value::Array), expected, "{value}");
        }
        assert!(statuses(&json!("[401")).is_err() && statuses(&json!({})).is_err());

        let rows = [
            (json!(["a", "b"]), Some(json!(["a", "b"]))),
            (json!("[\"a\", \"b\"]"), Some(json!(["a", "b"]))),
            (json!("a, b"), Some(json!(["a", "b"]))),
            (json!("all"), Some(json!(["*"]))),
            (json!("*"), Some(json!(["*"]))),
            (json!(""), None),
            (json!("[\"a\""), None),
            (json!({"a": true}), None),
        ];
        for (value, expected) in rows {
            assert_eq!(events(&value).ok().map(Value::Array), expected, "{value}");
        }

        let one = json!({"X-A": "b"});
        let rows = [
            (one.clone(), Ok(Some(one.clone()))),
            (json!(one.to_string()), Ok(Some(one.clone()))),
            (json!([{"name": "X-A", "value": "b"}]), Ok(Some(one.clone()))),
            (json!("[{\"key\": \"X-A\", \"value\": \"b\"}]"), Ok(Some(one))),
            (json!(""), Ok(None)),
            (json!("null"), Ok(None)),
            (json!("[]"), Ok(Some(json!({})))),
            (json!("X-A: s3cret"), Err(())),
            (json!("\"s3cret\""), Err(())),
            (json!([{"name": "s3cret"}]), Err(())),
            (json!(7), Err(())),
        ];
        for (value, expected) in rows {
            let found = headers(&value);
            assert!(!format!("{found:?}").contains("s3cret"));
            assert_eq!(found.map(|found| found.map(Value::Object)).map_err(drop), expected, "{value}");
        }
    }
}
