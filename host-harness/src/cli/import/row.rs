//! Conversion of a webhook of the list to a registration. The component decides whether the registration is valid.

use hookwright_engine::json::quoted;
use hookwright_engine::text;
use http::HeaderValue;
use serde_json::{Map, Value, json};

use super::columns::{self, DELETED_AT, FIELDS, TENANT};
use super::problem::Problem;

/// A webhook to be created. It contains the secret, so it is never printed.
pub struct Row {
    /// Its index in the list, from 0.
    pub index: usize,
    pub name: Option<String>,
    pub tenant: String,
    pub user: Option<String>,
    /// The JSON of the registration.
    pub registration: String,
}

impl Row {
    /// Makes a problem of this webhook.
    pub fn problem(&self, reason: String) -> Problem {
        Problem { index: self.index, name: self.name.clone(), reason }
    }
}

/// The webhooks of a list.
pub struct Rows {
    /// Those that could be converted.
    pub rows: Vec<Row>,
    /// The reasons why the others could not.
    pub problems: Vec<Problem>,
}

/// Converts a list. `tenant` and `format` apply to webhooks that name none.
pub fn rows(list: Vec<Value>, tenant: &str, format: Option<&str>) -> Rows {
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for (index, value) in list.into_iter().enumerate() {
        let name = columns_of(&value).and_then(|columns| columns::value(columns, "name")).and_then(Value::as_str);
        let name = name.map(str::to_owned);
        match row(index, name.clone(), &value, tenant, format) {
            Ok(row) => rows.push(row),
            Err(reasons) => {
                problems.extend(reasons.into_iter().map(|reason| Problem { index, name: name.clone(), reason }));
            }
        }
    }
    Rows { rows, problems }
}

fn columns_of(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

fn row(
    index: usize,
    name: Option<String>,
    value: &Value,
    tenant: &str,
    format: Option<&str>,
) -> Result<Row, Vec<String>> {
    let Some(columns) = columns_of(value) else { return Err(vec!["expected an object".to_owned()]) };
    let mut problems = Vec::new();
    if let Some(column) = columns::unknown(columns) {
        let hint = "remove it, or rename it to one of the columns in docs/import.md";
        problems.push(format!("{}: is not a known column ({hint})", quoted(column)));
    }
    if columns.get(DELETED_AT).is_some_and(|value| !value.is_null()) {
        problems.push(format!("{DELETED_AT}: the webhook is deleted (remove it from the list)"));
    }
    let mut registration = Map::new();
    // Without a secret the platform did not sign. No receiver would know a new secret.
    registration.insert("secret".to_owned(), json!(""));
    if let Some(format) = format {
        registration.insert("format".to_owned(), json!(format));
    }
    let mut user = None;
    for (field, _) in FIELDS {
        let Some(value) = columns::value(columns, field) else { continue };
        match converted(field, value) {
            Ok(Some(value)) if field == "userId" => user = value.as_str().map(str::to_owned),
            Ok(Some(value)) => drop(registration.insert(field.to_owned(), value)),
            Ok(None) => {}
            Err(reason) => problems.push(format!("{field}: {reason}")),
        }
    }
    let tenant = match columns.get(TENANT).filter(|value| !value.is_null()).map(header_text) {
        Some(Err(reason)) => {
            problems.push(format!("{TENANT}: {reason}"));
            String::new()
        }
        Some(Ok(own)) => own,
        None => tenant.to_owned(),
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Row { index, name, tenant, user, registration: Value::Object(registration).to_string() })
}

/// Converts a column's value to that of the API. `None` counts as a missing column.
fn converted(field: &str, value: &Value) -> Result<Option<Value>, String> {
    Ok(Some(match field {
        "events" => Value::Array(columns::events(value)?),
        "isActive" => Value::Bool(columns::boolean(value)?),
        "successStatuses" | "finalStatuses" => match columns::statuses(value)? {
            Some(list) => Value::Array(list),
            None => return Ok(None),
        },
        "headers" => match columns::headers(value)? {
            Some(headers) => Value::Object(headers),
            None => return Ok(None),
        },
        "method" => Value::String(text::trim(&columns::text(value)?).to_ascii_uppercase()),
        "userId" => Value::String(header_text(value)?),
        // The other fields have the API's form. The component checks them.
        _ => value.clone(),
    }))
}

/// Returns a text that can be a header's value.
fn header_text(value: &Value) -> Result<String, String> {
    let text = text::trim(&columns::text(value)?).to_owned();
    let fits = !text.is_empty() && HeaderValue::try_from(&text).is_ok_and(|value| value.to_str().is_ok());
    if fits { Ok(text) } else { Err(format!("`{}` is not visible ASCII", quoted(&text))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares tenant, user and registration, or the problems.
    fn check(value: &Value, expected: Result<Value, &[&str]>) {
        let Rows { rows, problems } = rows(vec![value.clone()], "acme", None);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.iter().all(|problem| !problem.contains("s3cret")), "{problems:?}");
        match expected {
            Ok(expected) => {
                let [row] = &rows[..] else { panic!("{value}: {problems:?}") };
                let registration: Value = serde_json::from_str(&row.registration).unwrap();
                assert_eq!(json!([row.tenant, row.user, registration]), expected, "{value}");
            }
            Err(says) => {
                assert_eq!(problems.len(), says.len(), "{value}: {problems:?}");
                for (problem, says) in problems.iter().zip(says) {
                    assert!(problem.contains(says), "{value}: {problem}");
                }
            }
        }
    }

    #[test]
    fn columns_of_all_platforms_are_converted() {
        check(
            &json!({"id": 4, "name": "Audit", "url": "https://a.example/", "events": "[\"asset.lost\"]", "secret": null,
                "headers": "{\"X-A\":\"b\"}", "active": "1", "created_at": "2024-01-01"}),
            Ok(json!(["acme", null, {"name": "Audit", "url": "https://a.example/", "events": ["asset.lost"],
                "secret": "", "headers": {"X-A": "b"}, "isActive": true}])),
        );
        check(
            &json!({"_id": {"$oid": "1"}, "public_id": 1, "name": "N", "url": "u", "event_types": ["CREATE"], "active": false}),
            Ok(json!(["acme", null, {"name": "N", "url": "u", "events": ["CREATE"], "secret": "", "isActive": false}])),
        );
        check(
            &json!({"id": 1, "tenant": "unit-1", "description": "D", "url": "u", "events": "user.created, user.deleted",
                "method": "get", "secret": "s", "deleted_at": null, "updated_at": null}),
            Ok(json!(["unit-1", null, {"name": "D", "url": "u", "events": ["user.created", "user.deleted"],
                "method": "GET", "secret": "s"}])),
        );
        check(
            &json!({"id": "x", "userId": 17, "name": "A", "url": "u", "secret": "s", "events": ["LOW_STOCK"], "isActive": true,
                "lastTriggeredAt": null, "failureCount": 3, "createdAt": "2024"}),
            Ok(
                json!(["acme", "17", {"name": "A", "url": "u", "events": ["LOW_STOCK"], "secret": "s", "isActive": true}]),
            ),
        );
    }

    #[test]
    fn all_problems_of_a_webhook_are_reported() {
        check(&json!("s3cret"), Err(&["[0]: expected an object"]));
        check(
            &json!({"name": "\u{1b}N", "secretHint": "s3cret", "deleted_at": "2024", "active": "s3cret?", "events": 7,
                "headers": "s3cret", "userId": "\u{7}", "tenant": []}),
            Err(&[
                "[0] \"\\u{1b}N\": secretHint: is not a known column",
                "deleted_at: the webhook is deleted",
                "events: expected a list",
                "headers: expected an object",
                "isActive: expected true or false",
                "userId: `",
                "tenant: expected a text",
            ]),
        );
    }
}
