use super::*;
use crate::ports::HttpErrorKind;
use crate::support::json::parse;
use crate::support::limits::JSON_DEPTH_MAX;

const MESSAGE: &str = "msg_xxxxxxxxxxxxxxxxxxxxxxxxxx";

/// One row: a value, its text, and that the text makes the same value.
fn spelled<T: Row + std::fmt::Debug>(row: &T, text: &str) {
    let text = text.replace("MSG", MESSAGE);
    assert_eq!(encode(row), text);
    assert_eq!(format!("{:?}", decode::<T>("k", &text).unwrap()), format!("{row:?}"), "{text}");
}

fn queued(number: u32) -> QueuedDelivery {
    QueuedDelivery { message: MESSAGE.to_owned(), number }
}

#[test]
fn a_row_has_one_spelling() {
    spelled(&Empty {}, r#"{"v":1}"#);
    spelled(&Shard { token: "t".into(), until_ms: 0, routed_ms: None }, r#"{"v":1,"token":"t","untilMs":0}"#);
    spelled(
        &Lane { token: "é\"".into(), until_ms: u64::MAX, timer: Some("timer/7/t/wh/x".into()), quarantine: None },
        r#"{"v":1,"token":"é\"","untilMs":18446744073709551615,"timer":"timer/7/t/wh/x"}"#,
    );
    let quarantine = Quarantine { claims: 4, delivery: Some(queued(1)), since_ms: Some(7), recorded: None };
    spelled(
        &Lane { token: "t".into(), until_ms: 7, timer: None, quarantine: Some(quarantine) },
        r#"{"v":1,"token":"t","untilMs":7,"quarantine":{"claims":4,"delivery":{"message":"MSG","number":1},"sinceMs":7}}"#,
    );
    spelled(
        &Queue { deliveries: vec![queued(1), queued(2)], first: None, due_ms: None },
        r#"{"v":1,"deliveries":[{"message":"MSG","number":1},{"message":"MSG","number":2}]}"#,
    );
    spelled(
        &Queue { deliveries: vec![queued(3)], first: Some(3), due_ms: Some(7) },
        r#"{"v":1,"deliveries":[{"message":"MSG","number":3}],"first":3,"dueMs":7}"#,
    );
    let routed = RoutedMessage { message: MESSAGE.to_owned(), accepted_ms: 6, webhooks: 3 };
    spelled(
        &Routed { queued_ms: 7, elsewhere: None, messages: vec![routed] },
        r#"{"v":1,"queuedMs":7,"messages":[{"message":"MSG","acceptedMs":6,"webhooks":3}]}"#,
    );
    spelled(&Recent { attempts: vec![] }, r#"{"v":1,"attempts":[]}"#);
}

#[test]
fn an_event_in_a_row_keeps_its_keys_and_numbers() {
    let event =
        r#"{"type":"a","data":{"z":1E5,"a":-0.10,"é":[null,true,"\n\"\\\u0001/"],"n":12345678901234567890123}}"#;
    let row = Message {
        tenant: "acme".into(),
        event_type: "a".into(),
        occurred_at_us: 1,
        accepted_at_us: 2,
        content_hash: Some("h".into()),
        tombstone: None,
        test: false,
        event: Some(parse(event).unwrap()),
        subject_hash: None,
    };
    let head =
        r#"{"v":1,"tenant":"acme","eventType":"a","occurredAtUs":1,"acceptedAtUs":2,"contentHash":"h","test":false"#;
    spelled(&row, &format!(r#"{head},"event":{event}}}"#));
    let none: Message = decode("k", &format!(r#"{head},"event":null}}"#)).unwrap();
    assert!(none.event.is_none());
}

#[test]
fn an_event_of_full_depth_fits_a_row() {
    let depth = JSON_DEPTH_MAX - 1;
    let event = format!("{{\"data\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let head = r#"{"v":1,"tenant":"a","eventType":"a","occurredAtUs":1,"acceptedAtUs":2,"test":false"#;
    let text = format!(r#"{head},"event":{event}}}"#);
    assert_eq!(encode(&decode::<Message>("k", &text).unwrap()), text);
}

#[test]
fn an_attempt_has_one_spelling() {
    let attempt = Attempt {
        duration_ms: 2,
        error: Some(HttpErrorKind::DestinationProhibited),
        next_at_ms: Some(9),
        ..Attempt::new(1, "a", AttemptState::Retrying)
    };
    let text = r#"{"v":1,"atMs":1,"durationMs":2,"eventType":"a","error":"destination-prohibited","state":"retrying","nextAtMs":9,"test":false}"#;
    spelled(&attempt, text);
    let answered = Attempt { error: None, status: Some(200), test: true, ..attempt };
    let text =
        r#"{"v":1,"atMs":1,"durationMs":2,"eventType":"a","status":200,"state":"retrying","nextAtMs":9,"test":true}"#;
    spelled(&answered, text);
}

#[test]
fn a_registration_has_one_spelling() {
    let text = r#"{"v":1,"token":"t","id":"wh_a","tenant":"acme","name":"n","url":"u","method":"POST","events":["*"],"format":"standard","secrets":[{"sealed":"s","fingerprint":"f","sinceMs":4,"untilMs":5}],"headers":[["X-A","sealed"]],"active":true,"timeoutMs":1,"scheduleS":[5,300],"strictOrder":false,"onExhausted":"pause","successStatuses":["2xx"],"finalStatuses":[401],"createdAtMs":1,"updatedAtMs":2}"#;
    let webhook: Webhook = decode("k", text).unwrap();
    assert_eq!(encode(&webhook), text);
    assert_eq!((webhook.secrets[0].until_ms, webhook.schedule_s.as_slice()), (Some(5), &[5, 300][..]));
}

#[test]
fn a_name_in_the_api_is_the_name_in_rows() {
    fn same<T: Serialize>(variant: T, name: &str) {
        assert_eq!(serde_json::to_string(&variant).unwrap(), format!("\"{name}\""));
    }
    use AttemptState::{Cancelled, Delivered, Exhausted, Failed, Retrying, Skipped};
    for state in [Delivered, Retrying, Exhausted, Skipped, Cancelled, Failed] {
        same(state, state.as_str());
    }
    use JobKind::{Erase, Purge, Recover, Redaction, Replay, Retention};
    for kind in [Recover, Replay, Purge, Retention, Redaction, Erase] {
        same(kind, kind.as_str());
    }
    for state in [JobState::Running, JobState::Done, JobState::Failed, JobState::Cancelled] {
        same(state, state.as_str());
    }
    for choice in OnExhausted::ALL {
        same(choice, choice.as_str());
    }
    for kind in HttpErrorKind::ALL {
        same(kind, kind.as_str());
    }
}

#[test]
fn a_text_that_is_no_row_is_refused_with_its_key_and_field() {
    use ErrorKind::{Blocked, Internal};
    // The name of the case, the text, the kind of the error, and what it says after the key.
    let cases = [
        ("empty", "", Internal, "is not readable: it is no JSON object"),
        ("array", "[]", Internal, "is not readable: it is no JSON object"),
        ("array with a version", "[1]", Internal, "is not readable: it is no JSON object"),
        ("cut", r#"{"v":1,"token"#, Internal, "is not readable: not JSON at line 1, column 13"),
        ("no version", r#"{"token":"t"}"#, Internal, "has the format 0; this version reads 1"),
        ("newer", r#"{"v":2,"token":"t","untilMs":0}"#, Blocked, "has the format 2; this version reads 1"),
        ("newer by a digit", r#"{"v":12,"token":"t"}"#, Blocked, "has the format 12; this version reads 1"),
        ("version of a text", r#"{"v":"1"}"#, Internal, "has no valid field `v` (line 1, column 8)"),
        ("missing", r#"{"v":1,"untilMs":0}"#, Internal, "has no valid field `token` (line 1, column 19)"),
        (
            "negative",
            r#"{"v":1,"token":"t","untilMs":-1}"#,
            Internal,
            "has no valid field `untilMs` (line 1, column 31)",
        ),
        (
            "another type",
            "{\"v\":1,\"token\":\"t\",\"untilMs\":0,\n\"timer\":3}",
            Internal,
            "has no valid field `timer` (line 2, column 9)",
        ),
        (
            "missing within",
            r#"{"v":1,"token":"t","untilMs":0,"quarantine":{"sinceMs":7}}"#,
            Internal,
            "has no valid field `quarantine.claims` (line 1, column 57)",
        ),
    ];
    for (name, text, kind, message) in cases {
        let error = decode::<Lane>("lane/a", text).unwrap_err();
        assert_eq!((error.kind, error.message.clone()), (kind, format!("the row 'lane/a' {message}")), "{name}");
    }
}

#[test]
fn a_field_that_is_new_and_a_field_that_is_null_are_no_mistakes() {
    for text in [
        r#"{"v":1,"new":[1],"token":"t","untilMs":0,"timer":null}"#,
        r#" { "token":"t", "v":1, "untilMs":0 }"#,
        "{\"v\":1 ,\"token\":\"t\",\"untilMs\":0}",
    ] {
        assert!(decode::<Lane>("k", text).is_ok(), "{text}");
    }
}

#[test]
fn a_value_is_never_quoted() {
    for text in [
        r#"{"v":1,"token":"t","untilMs":"hunter-2"}"#,
        r#"{"v":1,"token":{"hunter-2":1},"untilMs":0}"#,
        r#"{"v":1,"token":"t","untilMs":0,"hunter-2":}"#,
    ] {
        let error = decode::<Lane>("k", text).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter"), "{error}");
    }
    let error = decode::<Attempt>("k", r#"{"v":1,"atMs":1,"durationMs":2,"eventType":"a","state":"hunter-2"}"#);
    assert!(!format!("{error:?}").contains("hunter"));
}

#[test]
fn a_value_that_the_engine_never_writes_is_refused_by_its_field() {
    fn refused<T: Row + std::fmt::Debug>(name: &str, fields: &str, field: &str) {
        let text = format!(r#"{{"v":1,{}}}"#, fields.replace("MSG", MESSAGE));
        let error = decode::<T>("k", &text).unwrap_err();
        assert!(error.message.starts_with(&format!("the row 'k' has no valid field `{field}`")), "{name}: {error}");
    }
    refused::<Queue>("nothing queued", r#""deliveries":[]"#, "deliveries");
    refused::<Queue>("no id", r#""deliveries":[{"message":"m","number":1}]"#, "deliveries");
    refused::<Queue>("number", r#""deliveries":[{"message":"MSG","number":4294967295}]"#, "deliveries");
    refused::<Queue>("beyond", r#""deliveries":[{"message":"MSG","number":4294967296}]"#, "deliveries[0].number");
    refused::<Queue>("first", r#""deliveries":[{"message":"MSG","number":1}],"first":10000"#, "first");
    refused::<Queue>("due", r#""deliveries":[{"message":"MSG","number":1}],"dueMs":10000000000000"#, "dueMs");
    refused::<Recent>("no id", r#""attempts":[{"message":"MSG/x","number":1}]"#, "attempts");
    refused::<Inbox>("capital", r#""tenantPart":"A","eventType":"a""#, "tenantPart");
    refused::<Inbox>("slash", r#""tenantPart":"a/b","eventType":"a""#, "tenantPart");
    refused::<Inbox>("no id", r#""tenantPart":"a","eventType":"a","routedTo":"wh_""#, "routedTo");
    for timer in ["", "timer/", "timer/7/t/wh/x y", "lane/t/wh", "timer/seven/t/wh/x"] {
        refused::<Lane>(timer, &format!(r#""token":"t","untilMs":0,"timer":"{timer}""#), "timer");
    }
    let event = format!("{}{}", "[".repeat(JSON_DEPTH_MAX + 1), "]".repeat(JSON_DEPTH_MAX + 1));
    let head = r#""tenant":"a","eventType":"a","occurredAtUs":1,"acceptedAtUs":2"#;
    refused::<Message>("too deep", &format!(r#"{head},"event":{event}"#), "event");
    refused::<Message>("duplicate", &format!(r#"{head},"tenant":"b""#), "tenant");
    let last = r#"{"v":1,"deliveries":[{"message":"MSG","number":9999}],"first":9999}"#.replace("MSG", MESSAGE);
    assert!(decode::<Queue>("k", &last).is_ok());
}
