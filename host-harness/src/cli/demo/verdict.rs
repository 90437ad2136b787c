//! Checks the outcome of the demonstration.

use hookwright_host::receiver::Signature;

use super::record::{Joined, Outcome, Reported, WebhookRecord};

/// The largest difference between a request's own timestamp and its arrival.
const FRESH_S: u64 = 10;

/// Returns one sentence for each difference from the expected outcome.
pub fn failures(outcome: &Outcome) -> Vec<String> {
    let mut failures = Vec::new();
    for Message { event_type, id } in messages(outcome, &mut failures) {
        for webhook in &outcome.webhooks {
            let attempts = webhook.of_event(event_type);
            if !webhook.subscribed.contains(&event_type) {
                if !attempts.is_empty() {
                    failures.push(format!("{event_type} was sent to {}, which is not subscribed to it", webhook.name));
                }
                continue;
            }
            for failure in delivery_failures(webhook, id, &attempts) {
                failures.push(format!("{event_type} to {}: {failure}", webhook.name));
            }
        }
    }
    for webhook in outcome.webhooks.iter().filter(|webhook| webhook.strays > 0) {
        failures.push(format!("{} received {} requests without an attempt in the log", webhook.name, webhook.strays));
    }
    failures
}

/// A message and the type of its event.
#[derive(PartialEq, Eq)]
struct Message<'a> {
    event_type: &'a str,
    id: &'a str,
}

/// Returns the messages, each once. Checks that an event that was reported again is the same message.
fn messages<'a>(outcome: &'a Outcome, failures: &mut Vec<String>) -> Vec<Message<'a>> {
    let mut messages: Vec<Message<'_>> = Vec::new();
    for Reported { event_type, message: accepted } in &outcome.reported {
        let is_first = !messages.iter().any(|message| message.event_type == event_type);
        let is_known = messages.contains(&Message { event_type, id: &accepted.message_id });
        if accepted.new != is_first || is_known == is_first {
            failures.push(format!("{event_type} was reported under one id and is not one message"));
        }
        if is_first {
            messages.push(Message { event_type, id: &accepted.message_id });
        }
    }
    messages
}

fn delivery_failures(webhook: &WebhookRecord, message_id: &str, attempts: &[&Joined]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut expect = |holds: bool, otherwise: &str| {
        if !holds {
            failures.push(otherwise.to_owned());
        }
    };
    let is_delivered = |joined: &&&Joined| joined.attempt.state == "delivered";
    let numbers: Vec<u32> = attempts.iter().map(|joined| joined.attempt.number).collect();
    expect(attempts.iter().filter(is_delivered).count() == 1, "it was not delivered exactly once");
    expect(attempts.last().as_ref().is_some_and(is_delivered), "it did not end delivered");
    let failed = u32::try_from(numbers.len()).unwrap_or(u32::MAX).saturating_sub(1);
    expect(webhook.failures.contains(&failed), "it did not take the expected number of attempts");
    expect(numbers.iter().copied().eq(1..=failed + 1), "its attempts are not numbered from 1");
    expect(
        attempts.iter().all(|joined| joined.attempt.message_id == message_id),
        "its attempts are not all of the one message",
    );
    for joined in attempts {
        match (&joined.arrival, joined.attempt.status) {
            (None, None) => {}
            (Some(arrival), Some(status)) => {
                expect(arrival.answered == Some(status), "the log does not show the status that the receiver sent");
                expect(arrival.signature == Signature::Verified, "its signature is not valid");
                let is_fresh = arrival.timestamp_s.is_some_and(|sent_s| sent_s.abs_diff(arrival.at_s) <= FRESH_S);
                expect(is_fresh, "its timestamp is not that of the attempt");
                let is_named = arrival.message_id.as_deref().is_none_or(|id| id == message_id);
                expect(is_named, "it arrived under another id");
            }
            _ => expect(false, "the log and the receiver disagree about its arrival"),
        }
    }
    let arrivals: Vec<_> = attempts.iter().filter_map(|joined| joined.arrival.as_ref()).collect();
    for pair in arrivals.windows(2) {
        expect(pair[0].body == pair[1].body, "its body changed between attempts");
        expect(pair[0].timestamp_s < pair[1].timestamp_s, "a retry does not carry a later timestamp");
        let signs_time = pair[0].message_id.is_some();
        expect(!signs_time || pair[0].signed != pair[1].signed, "a retry does not carry a signature of its own");
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::super::record::{Arrival, Attempt};
    use super::*;

    fn attempt(number: u32, status: Option<u16>) -> Attempt {
        Attempt {
            message_id: "msg_1".to_owned(),
            event_type: "asset.lost".to_owned(),
            number,
            at: format!("2025-02-04T12:00:0{number}.000Z"),
            state: if status == Some(200) { "delivered" } else { "retrying" }.to_owned(),
            status,
            error: None,
        }
    }

    fn arrival(number: u32, answered: u16) -> Arrival {
        Arrival {
            event_type: "asset.lost".to_owned(),
            at_s: 1_000 + u64::from(number),
            answered: Some(answered),
            signature: Signature::Verified,
            message_id: Some("msg_1".to_owned()),
            timestamp_s: Some(1_000 + u64::from(number)),
            signed: Some(format!("v1,{number}")),
            body: b"{}".to_vec(),
        }
    }

    /// The expected outcome of one delivery: the first attempt is answered with 503, the second with 200.
    fn good() -> Outcome {
        let accepted = hookwright_host::Accepted { message_id: "msg_1".to_owned(), new: true };
        let again = hookwright_host::Accepted { new: false, ..accepted.clone() };
        let joined = [(1, 503), (2, 200)].map(|(number, status)| Joined {
            attempt: attempt(number, Some(status)),
            arrival: Some(arrival(number, status)),
        });
        Outcome {
            reported: [accepted, again].map(|message| Reported { event_type: "asset.lost".to_owned(), message }).into(),
            webhooks: vec![WebhookRecord {
                name: "helpdesk",
                failures: 1..=1,
                subscribed: vec!["asset.lost"],
                attempts: joined.into(),
                strays: 0,
            }],
        }
    }

    fn check(spoil: impl Fn(&mut Outcome), says: &str) {
        let mut outcome = good();
        spoil(&mut outcome);
        let found = failures(&outcome);
        assert!(found.iter().any(|failure| failure.contains(says)), "`{says}` is not among {found:?}");
    }

    fn first_arrival(outcome: &mut Outcome) -> &mut Arrival {
        outcome.webhooks[0].attempts[0].arrival.as_mut().unwrap()
    }

    #[test]
    fn expected_outcome_has_no_failures() {
        assert_eq!(failures(&good()), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_found() {
        check(
            |outcome| outcome.webhooks[0].attempts.clear(),
            "asset.lost to helpdesk: it was not delivered exactly once",
        );
        check(|outcome| drop(outcome.webhooks[0].attempts.pop()), "it did not end delivered");
        check(|outcome| drop(outcome.webhooks[0].attempts.remove(0)), "numbered from 1");
        check(|outcome| outcome.webhooks[0].failures = 2..=3, "the expected number of attempts");
        check(|outcome| outcome.webhooks[0].subscribed.clear(), "which is not subscribed to it");
        check(|outcome| outcome.webhooks[0].strays = 1, "1 requests without an attempt in the log");
        check(|outcome| outcome.reported[1].message.new = true, "is not one message");
        check(|outcome| outcome.reported[1].message.message_id = "msg_2".to_owned(), "is not one message");
        check(|outcome| outcome.webhooks[0].attempts[0].attempt.message_id = "msg_2".to_owned(), "the one message");
        check(|outcome| outcome.webhooks[0].attempts[0].arrival = None, "disagree about its arrival");
        check(|outcome| first_arrival(outcome).answered = Some(500), "does not show the status");
        check(|outcome| first_arrival(outcome).signature = Signature::Missing, "is not valid");
        check(|outcome| first_arrival(outcome).timestamp_s = Some(900), "not that of the attempt");
        check(|outcome| first_arrival(outcome).timestamp_s = Some(1_002), "a later timestamp");
        check(|outcome| first_arrival(outcome).message_id = Some("msg_2".to_owned()), "under another id");
        check(|outcome| first_arrival(outcome).body = b"[]".to_vec(), "its body changed");
        check(|outcome| first_arrival(outcome).signed = Some("v1,2".to_owned()), "a signature of its own");
    }
}
