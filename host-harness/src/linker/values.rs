//! Conversion between JSON and the values of the component's interface, by the types that the component declares.
//!
//! The table of rules is in `hosts/native/README.md`.

use serde_json::{Map, Number, Value};
use wasmtime::component::Val;
use wasmtime::component::types::{Record, Type, Variant};

/// JSON that does not fit a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The path of the value: `budget.timeMs`, `events[1]`. Empty for the whole object.
    pub field: String,
    /// One sentence about the value. It names the value's kind and does not quote it, because it may be a secret.
    pub message: String,
}

type Fit<T> = Result<T, Misfit>;

/// Returns the members of an object as values, in the order of `fields`. An optional field may be missing.
pub(crate) fn members<'a>(
    path: &str,
    given: &Value,
    fields: impl Iterator<Item = (&'a str, Type)>,
) -> Fit<Vec<(String, Val)>> {
    let Value::Object(given) = given else { return misfit(path, format!("must be an object, not {}", kind(given))) };
    let mut values = Vec::new();
    for (name, ty) in fields {
        let member = camel(name);
        let at = if path.is_empty() { member.clone() } else { format!("{path}.{member}") };
        let value = match (given.get(&member), &ty) {
            (Some(value), _) => to_val(&at, value, &ty)?,
            (None, Type::Option(_)) => Val::Option(None),
            (None, _) => return misfit(&at, "is missing".to_owned()),
        };
        values.push((name.to_owned(), value));
    }
    let known = |member: &String| values.iter().any(|(name, _)| camel(name) == **member);
    match given.keys().find(|member| !known(member)) {
        None => Ok(values),
        Some(unknown) => {
            let names: Vec<_> = values.iter().map(|(name, _)| camel(name)).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let at = if path.is_empty() { unknown.clone() } else { format!("{path}.{unknown}") };
            misfit(&at, format!("is not one of the members: {there}"))
        }
    }
}

/// Converts JSON to a value of this type.
fn to_val(at: &str, value: &Value, ty: &Type) -> Fit<Val> {
    let wanted = |what: &str| misfit(at, format!("must be {what}, not {}", kind(value)));
    Ok(match ty {
        Type::Bool => match value {
            Value::Bool(value) => Val::Bool(*value),
            _ => return wanted("true or false"),
        },
        Type::U8 => Val::U8(whole(at, value)?),
        Type::U16 => Val::U16(whole(at, value)?),
        Type::U32 => Val::U32(whole(at, value)?),
        Type::U64 => Val::U64(whole(at, value)?),
        Type::S8 => Val::S8(whole(at, value)?),
        Type::S16 => Val::S16(whole(at, value)?),
        Type::S32 => Val::S32(whole(at, value)?),
        Type::S64 => Val::S64(whole(at, value)?),
        Type::String => match value {
            Value::String(text) => Val::String(text.clone()),
            _ => return wanted("a string"),
        },
        Type::Option(option) => match value {
            Value::Null => Val::Option(None),
            value => Val::Option(Some(Box::new(to_val(at, value, &option.ty())?))),
        },
        Type::List(list) => {
            let Value::Array(items) = value else { return wanted("an array") };
            let ty = list.ty();
            let item = |(index, item)| to_val(&format!("{at}[{index}]"), item, &ty);
            Val::List(items.iter().enumerate().map(item).collect::<Fit<_>>()?)
        }
        Type::Tuple(tuple) => {
            let Value::Array(items) = value else { return wanted("an array") };
            if items.len() != tuple.types().len() {
                return misfit(at, format!("must have {} items, not {}", tuple.types().len(), items.len()));
            }
            let item = |(index, (item, ty))| to_val(&format!("{at}[{index}]"), item, &ty);
            Val::Tuple(items.iter().zip(tuple.types()).enumerate().map(item).collect::<Fit<_>>()?)
        }
        Type::Record(record) => Val::Record(to_record(at, value, record)?),
        Type::Enum(names) => match value {
            Value::String(text) if names.names().any(|name| name == text) => Val::Enum(text.clone()),
            _ => return wanted(&format!("one of {}", names.names().collect::<Vec<_>>().join(", "))),
        },
        Type::Variant(variant) => to_variant(at, value, variant)?,
        _ => return misfit(at, "is of a type that has no form in JSON here".to_owned()),
    })
}

fn to_record(at: &str, value: &Value, record: &Record) -> Fit<Vec<(String, Val)>> {
    let fields: Vec<_> = record.fields().map(|field| (field.name.to_owned(), field.ty)).collect();
    members(at, value, fields.iter().map(|(name, ty)| (name.as_str(), ty.clone())))
}

fn to_variant(at: &str, value: &Value, variant: &Variant) -> Fit<Val> {
    let names = || variant.cases().map(|case| camel(case.name)).collect::<Vec<_>>().join(", ");
    if let Value::Object(members) = value
        && let (1, Some((name, value))) = (members.len(), members.iter().next())
        && let Some(case) = variant.cases().find(|case| camel(case.name) == *name)
    {
        let payload = match (&case.ty, value) {
            (Some(ty), value) => Some(Box::new(to_val(&format!("{at}.{name}"), value, ty)?)),
            (None, Value::Null) => None,
            (None, _) => return misfit(&format!("{at}.{name}"), "must be null".to_owned()),
        };
        return Ok(Val::Variant(case.name.to_owned(), payload));
    }
    misfit(at, format!("must be an object with one member, one of {}", names()))
}

/// Reads a whole number, or a string of its digits.
fn whole<T: TryFrom<i128>>(at: &str, value: &Value) -> Fit<T> {
    let number: Option<i128> = match value {
        Value::Number(number) => {
            number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from)).or_else(|| integral(number))
        }
        // Only digits and a minus sign are accepted, so that no other text passes as a number.
        Value::String(digits) if digits.strip_prefix('-').unwrap_or(digits).bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok()
        }
        _ => None,
    };
    match number.map(T::try_from) {
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) => misfit(at, format!("`{value}` is out of range")),
        None => misfit(at, format!("must be a whole number, not {}", kind(value))),
    }
}

/// Reads `5.0` as 5, because some languages write whole numbers like this.
fn integral(number: &Number) -> Option<i128> {
    /// 2^53. Not every whole number above has a float of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "the number is whole and at most 2^53")]
    (float.fract() == 0.0 && float.abs() <= EXACT_MAX).then_some(float as i128)
}

/// Converts a value that the component returned to JSON.
pub(crate) fn to_json(value: &Val) -> Value {
    match value {
        Val::Bool(value) => (*value).into(),
        Val::S8(value) => (*value).into(),
        Val::U8(value) => (*value).into(),
        Val::S16(value) => (*value).into(),
        Val::U16(value) => (*value).into(),
        Val::S32(value) => (*value).into(),
        Val::U32(value) => (*value).into(),
        Val::S64(value) => value.to_string().into(),
        Val::U64(value) => value.to_string().into(),
        Val::Float32(value) => f64::from(*value).into(),
        Val::Float64(value) => (*value).into(),
        Val::Char(value) => value.to_string().into(),
        Val::String(value) | Val::Enum(value) => value.clone().into(),
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => items.iter().map(to_json).collect(),
        Val::Map(pairs) => pairs.iter().map(|(key, value)| Value::from(vec![to_json(key), to_json(value)])).collect(),
        Val::Record(fields) => fields.iter().map(|(name, value)| (camel(name), to_json(value))).collect(),
        Val::Variant(name, value) => one(&camel(name), value.as_deref()),
        Val::Option(value) => value.as_deref().map_or(Value::Null, to_json),
        Val::Result(Ok(value)) => one("ok", value.as_deref()),
        Val::Result(Err(value)) => one("error", value.as_deref()),
        Val::Flags(names) => names.iter().map(|name| Value::from(name.as_str())).collect(),
        // The contract has none of these.
        Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => Value::Null,
    }
}

fn one(name: &str, value: Option<&Val>) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value.map_or(Value::Null, to_json))]))
}

/// Converts a WIT name, `next-due-ms`, to camel case, `nextDueMs`.
fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &initial.into_iter().chain(letters).collect::<String>()
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn misfit<T>(field: &str, message: String) -> Fit<T> {
    Err(Misfit { field: field.to_owned(), message })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wit_names_become_camel_case() {
        for (wit, json) in [("id", "id"), ("next-due-ms", "nextDueMs"), ("attempts-max", "attemptsMax")] {
            assert_eq!(camel(wit), json);
        }
    }

    #[test]
    fn whole_numbers_are_exact_or_refused() {
        let check = |value: Value, expected: Result<u32, &str>| {
            let found = whole::<u32>("n", &value).map_err(|misfit| misfit.message);
            assert_eq!(found, expected.map_err(str::to_owned), "{value}");
        };
        check(json!(0), Ok(0));
        check(json!(4_294_967_295_u32), Ok(u32::MAX));
        check(json!(5.0), Ok(5));
        check(json!("17"), Ok(17));
        check(json!(4_294_967_296_u64), Err("`4294967296` is out of range"));
        check(json!(-1), Err("`-1` is out of range"));
        check(json!(1.5), Err("must be a whole number, not a number with a fraction"));
        check(json!("+1"), Err("must be a whole number, not a string"));
        check(json!(""), Err("must be a whole number, not a string"));
        check(json!(null), Err("must be a whole number, not null"));
        check(json!(true), Err("must be a whole number, not true or false"));
        assert_eq!(whole::<u64>("n", &json!("18446744073709551615")), Ok(u64::MAX));
        assert_eq!(whole::<u64>("n", &json!(u64::MAX)), Ok(u64::MAX));
    }

    #[test]
    fn returned_values_are_written_by_the_table() {
        let record = Val::Record(vec![
            ("message-id".to_owned(), Val::String("m".to_owned())),
            ("size".to_owned(), Val::U64(u64::MAX)),
            ("none".to_owned(), Val::Option(None)),
            ("outcome".to_owned(), Val::Result(Err(Some(Box::new(Val::Enum("not-found".to_owned())))))),
            ("body".to_owned(), Val::Variant("no-text".to_owned(), None)),
        ]);
        let expected = json!({"messageId": "m", "size": "18446744073709551615", "none": null, "outcome": {"error": "not-found"},
            "body": {"noText": null}});
        assert_eq!(to_json(&record), expected);
    }
}
