use super::super::*;
use super::{decode, encode};
use crate::support::error::ErrorKind;
use crate::support::json::parse;

const MESSAGE: &str = "msg_xxxxxxxxxxxxxxxxxxxxxxxxxx";

/// One row: a record, its text, and that the text makes the same record.
fn kept<T: Record + std::fmt::Debug>(record: &T, text: &str) {
    assert_eq!(encode(record), text);
    assert_eq!(format!("{:?}", decode::<T>("k", text).unwrap()), format!("{record:?}"), "{text}");
}

#[test]
fn records_have_one_spelling() {
    kept(&Empty {}, r#"{"v":1}"#);
    kept(&Shard { token: "t".into(), until_ms: 0, routed_ms: None }, r#"{"v":1,"token":"t","untilMs":0}"#);
    kept(&Lane { token: "t".into(), until_ms: 7, timer: None, quarantine: None }, r#"{"v":1,"token":"t","untilMs":7}"#);
    kept(
        &Lane { token: "é\"".into(), until_ms: u64::MAX, timer: Some("timer/7/t/wh/x".into()), quarantine: None },
        r#"{"v":1,"token":"é\"","untilMs":18446744073709551615,"timer":"timer/7/t/wh/x"}"#,
    );
    let (m, n) = (MESSAGE.replace('x', "m"), MESSAGE.replace('x', "n"));
    let queued = |message: &String, number| QueuedDelivery { message: message.clone(), number };
    let deliveries = vec![queued(&m, 1), queued(&n, 2)];
    kept(
        &Queue { deliveries, ..Queue::default() },
        &format!(r#"{{"v":1,"deliveries":[{{"message":"{m}","number":1}},{{"message":"{n}","number":2}}]}}"#),
    );
    kept(
        &Queue { deliveries: vec![queued(&m, 3)], first: Some(3), due_ms: Some(7) },
        &format!(r#"{{"v":1,"deliveries":[{{"message":"{m}","number":3}}],"first":3,"dueMs":7}}"#),
    );
    kept(
        &Routed {
            queued_ms: 7,
            elsewhere: None,
            messages: vec![RoutedMessage { message: m.clone(), accepted_ms: 6, webhooks: 3 }],
        },
        &format!(r#"{{"v":1,"queuedMs":7,"messages":[{{"message":"{m}","acceptedMs":6,"webhooks":3}}]}}"#),
    );
    kept(&Recent { attempts: vec![] }, r#"{"v":1,"attempts":[]}"#);
    let event = parse(r#"{"type":"a","data":{"n":1E5,"é":[null]}}"#).unwrap();
    kept(
        &Message {
            tenant: "acme".into(),
            event_type: "a".into(),
            occurred_at_us: 1,
            accepted_at_us: 2,
            content_hash: Some("h".into()),
            tombstone: None,
            test: false,
            event: Some(event),
            subject_hash: None,
        },
        r#"{"v":1,"tenant":"acme","eventType":"a","occurredAtUs":1,"acceptedAtUs":2,"contentHash":"h","test":false,"event":{"type":"a","data":{"n":1E5,"é":[null]}}}"#,
    );
}

#[test]
fn attempts_and_registrations() {
    let attempt = Attempt {
        at_ms: 1,
        duration_ms: 2,
        event_type: "a".into(),
        status: None,
        error: Some(HttpErrorKind::DestinationProhibited),
        detail: None,
        excerpt: None,
        state: AttemptState::Retrying,
        next_at_ms: Some(9),
        again: None,
        job: None,
        test: false,
    };
    let text = r#"{"v":1,"atMs":1,"durationMs":2,"eventType":"a","error":"destination-prohibited","state":"retrying","nextAtMs":9,"test":false}"#;
    kept(&attempt, text);
    kept(
        &Attempt { error: None, status: Some(200), test: true, ..attempt },
        r#"{"v":1,"atMs":1,"durationMs":2,"eventType":"a","status":200,"state":"retrying","nextAtMs":9,"test":true}"#,
    );
    let text = r#"{"v":1,"token":"t","id":"wh_a","tenant":"acme","name":"n","url":"u","method":"POST","events":["*"],"format":"standard","secrets":[{"sealed":"s","fingerprint":"f","untilMs":5}],"headers":[["X-A","sealed"]],"active":true,"timeoutMs":1,"scheduleS":[5,300],"strictOrder":false,"createdAtMs":1,"updatedAtMs":2}"#;
    let hook: Webhook = decode("k", text).unwrap();
    assert_eq!(encode(&hook), text);
    assert_eq!((hook.secrets[0].until_ms, hook.schedule_s.as_slice()), (Some(5), &[5, 300][..]));
    for state in AttemptState::ALL {
        assert_eq!(AttemptState::read(Json::text(state.as_str())), Some(state));
    }
}

/// One row: a text that is no lane, and what the error says.
fn refused(text: &str, message: &str) {
    let error = decode::<Lane>("lane/a", text).unwrap_err();
    let newer = text.contains("\"v\":2");
    let kind = if newer { ErrorKind::Blocked } else { ErrorKind::Internal };
    assert_eq!((error.kind, error.message.as_str()), (kind, message));
}

#[test]
fn what_is_no_row_is_refused_by_name() {
    refused("", "the row 'lane/a' is not readable: not JSON at line 1, column 1: expected a value, found the end");
    refused("[]", "the row 'lane/a' has the format 0; this version reads 1");
    refused(r#"{"v":2,"token":"t","untilMs":0}"#, "the row 'lane/a' has the format 2; this version reads 1");
    refused(r#"{"v":1,"untilMs":0}"#, "the row 'lane/a' has no valid field `token`");
    refused(r#"{"v":1,"token":"t","untilMs":-1}"#, "the row 'lane/a' has no valid field `untilMs`");
    refused(r#"{"v":1,"token":"t","untilMs":0,"timer":3}"#, "the row 'lane/a' has no valid field `timer`");
    assert!(decode::<Lane>("k", r#"{"v":1,"new":[1],"token":"t","untilMs":0,"timer":null}"#).is_ok(), "new fields");
}

#[test]
fn what_nobody_has_written_is_refused_by_name() {
    fn refused<T: Record + std::fmt::Debug>(text: &str, field: &str) {
        let text = text.replace("MSG", MESSAGE);
        let error = decode::<T>("k", &text).unwrap_err();
        assert_eq!(error.message, format!("the row 'k' has no valid field `{field}`"), "{text}");
    }
    let queued = |message: &str, number: u64| format!(r#"{{"message":"{message}","number":{number}}}"#);
    let good = queued("MSG", 1);
    refused::<Queue>(r#"{"v":1,"deliveries":[]}"#, "deliveries");
    refused::<Queue>(&format!(r#"{{"v":1,"deliveries":[{good},{}]}}"#, queued("m", 1)), "deliveries");
    refused::<Queue>(&format!(r#"{{"v":1,"deliveries":[{}]}}"#, queued("MSG", 4_294_967_295)), "deliveries");
    refused::<Queue>(&format!(r#"{{"v":1,"deliveries":[{good}],"first":10000}}"#), "first");
    refused::<Queue>(&format!(r#"{{"v":1,"deliveries":[{good}],"dueMs":10000000000000}}"#), "dueMs");
    refused::<Recent>(&format!(r#"{{"v":1,"attempts":[{}]}}"#, queued("MSG/x", 1)), "attempts");
    refused::<Inbox>(r#"{"v":1,"tenantPart":"A","eventType":"a"}"#, "tenantPart");
    refused::<Inbox>(r#"{"v":1,"tenantPart":"a/b","eventType":"a"}"#, "tenantPart");
    refused::<Inbox>(r#"{"v":1,"tenantPart":"a","eventType":"a","routedTo":"wh_"}"#, "routedTo");
    for timer in ["", "timer/", "timer/7/t/wh/x y", "lane/t/wh", "timer/seven/t/wh/x"] {
        refused::<Lane>(&format!(r#"{{"v":1,"token":"t","untilMs":0,"timer":"{timer}"}}"#), "timer");
    }
    let last = format!(r#"{{"v":1,"deliveries":[{}],"first":9999}}"#, queued(MESSAGE, 9_999));
    assert!(decode::<Queue>("k", &last).is_ok());
}

#[test]
fn an_event_of_full_depth_fits_a_row() {
    let depth = crate::support::limits::JSON_DEPTH_MAX - 1;
    let event = format!("{{\"data\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let text = format!(
        r#"{{"v":1,"tenant":"a","eventType":"a","occurredAtUs":1,"acceptedAtUs":2,"test":false,"event":{event}}}"#
    );
    assert_eq!(encode(&decode::<Message>("k", &text).unwrap()), text);
}
