use super::*;
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Outer {
    name: String,
    #[serde(default)]
    waits: Vec<u32>,
    inner: Option<Inner>,
    choice: Option<Choice>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Inner {
    flag: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Continue,
    Pause,
}

#[test]
fn a_typed_value_is_read() {
    let text = r#"{"name":"n","waits":[1,2],"inner":{"flag":true},"choice":"pause"}"#;
    let expected = Outer {
        name: "n".to_owned(),
        waits: vec![1, 2],
        inner: Some(Inner { flag: true }),
        choice: Some(Choice::Pause),
    };
    assert_eq!(read::<Outer>(text).unwrap(), expected);
    let null = Outer { name: "n".to_owned(), waits: Vec::new(), inner: None, choice: None };
    assert_eq!(read::<Outer>(r#"{"name":"n","inner":null}"#).unwrap(), null);
}

#[derive(Debug, Deserialize, PartialEq)]
struct Free {
    any: Json,
    maybe: Option<Json>,
}

#[test]
fn a_field_of_any_json_keeps_numbers_and_order() {
    let free = read::<Free>(r#"{"any":{"b":1E5,"a":[null]},"maybe":null}"#).unwrap();
    assert_eq!(free, Free { any: parse(r#"{"b":1E5,"a":[null]}"#).unwrap(), maybe: None });
    let unknown = read::<Free>(r#"{"new":[1.5,{"n":1e999}],"any":1.5,"maybe":18446744073709551616}"#).unwrap();
    assert_eq!(unknown, Free { any: parse("1.5").unwrap(), maybe: Some(parse("18446744073709551616").unwrap()) });
    assert_eq!(read::<Free>(r#"{"any":null,"maybe":7}"#).unwrap().maybe, Some(Json::from(7)));
}

#[test]
fn an_error_names_the_field_and_the_mend() {
    for (name, text, field, told) in [
        ("missing", r#"{}"#, "name", "name: is required"),
        ("null for a required field", r#"{"name":null}"#, "name", "name: is required"),
        ("another type", r#"{"name":7}"#, "name", "name: expected a string, not a number"),
        ("item", r#"{"name":"n","waits":[1,"x"]}"#, "waits[1]", "waits[1]: expected a whole number, not a string"),
        ("fraction", r#"{"name":"n","waits":[1.5]}"#, "waits[0]", "waits[0]: expected a whole number, not a fraction"),
        ("too large", r#"{"name":"n","waits":[4294967296]}"#, "waits[0]", "waits[0]: expected a whole number"),
        (
            "nested",
            r#"{"name":"n","inner":{"flag":1}}"#,
            "inner.flag",
            "inner.flag: expected true or false, not a number",
        ),
        ("no object", r#"{"name":"n","inner":[]}"#, "inner", "inner: expected an object, not an array"),
        (
            "unknown",
            r#"{"name":"n","x":1}"#,
            "x",
            "x: there is no such field (the fields are name, waits, inner, choice)",
        ),
        (
            "unknown within",
            r#"{"name":"n","inner":{"x":1}}"#,
            "inner.x",
            "inner.x: there is no such field (the fields are flag)",
        ),
        (
            "variant",
            r#"{"name":"n","choice":"stop"}"#,
            "choice",
            "choice: `stop` is not possible (use one of continue, pause)",
        ),
        ("no variant", r#"{"name":"n","choice":1}"#, "choice", "choice: expected a string, not a number"),
    ] {
        let error = read::<Outer>(text).unwrap_err();
        assert_eq!((error.field.as_deref(), error.to_string().as_str()), (Some(field), told), "{name}");
    }
    assert_eq!(read::<Outer>("[]").unwrap_err().to_string(), "expected an object, not an array");
}
