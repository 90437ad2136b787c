//! Judges the outcome of an attempt: delivered, another attempt at a time, or the end. The functions are pure, so the same
//! outcome at the same time has the same verdict in every host.

use crate::delivery::retry_after;
use crate::delivery::rules::Rules;
use crate::ports::{Completion, HttpErrorKind, Response};
use crate::store::id;
use crate::store::rows::{Attempt, AttemptState};
use crate::support::limits::EXCERPT_CHARS_MAX;

/// The verdict, with the parts of the outcome that are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Duration of the attempt, in milliseconds.
    pub duration_ms: u32,
    /// The response's status.
    pub status: Option<u16>,
    /// The kind of failure, if there was no response.
    pub error: Option<HttpErrorKind>,
    /// A sentence about the error, or the receiver's own request.
    pub detail: Option<String>,
    /// The beginning of the response's body.
    pub excerpt: Option<String>,
    /// The state that follows.
    pub state: AttemptState,
    /// The time of the next attempt, in milliseconds.
    pub next_at_ms: Option<u64>,
    /// The reason for which the webhook is to be disabled.
    pub disable: Option<String>,
    /// The time of the next attempt, in milliseconds, if the webhook has been changed meanwhile and is not disabled.
    pub otherwise_at_ms: Option<u64>,
    /// Why no further attempt of the message is made, if the schedule is not the reason.
    pub end: Option<End>,
}

/// Why no further attempt of a message is made although the schedule goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The receiver asked for it.
    Aborted,
    /// The receiver responded with this status, which is final by the rules of the webhook.
    FinalStatus(u16),
}

impl End {
    /// Returns the detail of the attempt.
    pub fn detail(self) -> String {
        match self {
            End::Aborted => "the receiver wants this message no more".to_owned(),
            End::FinalStatus(status) => format!("the receiver responded {status}, which ends the message"),
        }
    }
}

impl Verdict {
    /// Returns the row of an attempt that began at `at_ms`, with or without parts of the response.
    pub fn recorded(self, at_ms: u64, event_type: &str, bodies: bool) -> Attempt {
        let attempt = Attempt {
            duration_ms: self.duration_ms,
            status: self.status,
            error: self.error,
            detail: self.detail,
            excerpt: self.excerpt,
            next_at_ms: self.next_at_ms,
            ..Attempt::new(at_ms, event_type, self.state)
        };
        if bodies { attempt } else { attempt.without_answer() }
    }
}

/// Judges the outcome of attempt `number` (from 1) by the webhook's rules and waits. `salt` determines the jitter.
pub fn judge(
    rules: &Rules,
    schedule_s: &[u32],
    number: u32,
    salt: &str,
    completion: Completion,
    now_ms: u64,
) -> Verdict {
    let mut verdict = Verdict {
        duration_ms: completion.duration_ms,
        status: None,
        error: None,
        detail: None,
        excerpt: None,
        state: AttemptState::Exhausted,
        next_at_ms: None,
        disable: None,
        otherwise_at_ms: None,
        end: None,
    };
    let mut hint_ms = 0;
    match completion.result {
        Ok(response) => {
            if rules.is_success(response.status) {
                verdict.state = AttemptState::Delivered;
            }
            if rules.is_final(response.status) {
                verdict.end = Some(End::FinalStatus(response.status));
            }
            if rules.is_disabling(response.status) {
                verdict.disable = Some(format!("the receiver answered {}", response.status));
            }
            if rules.is_retry_after(response.status) {
                hint_ms = retry_after::wait_ms(&response, now_ms);
            }
            match request_of_receiver(&response) {
                Some(ReceiverRequest::Disable) => verdict.disable = Some("the receiver asked for it".to_owned()),
                Some(ReceiverRequest::AbortMessage) if verdict.state != AttemptState::Delivered => {
                    verdict.end = Some(End::Aborted);
                }
                Some(ReceiverRequest::AbortMessage) | None => {}
            }
            verdict.detail = verdict.end.map(End::detail);
            if verdict.disable.is_some() {
                verdict.detail = Some("the receiver wants nothing more for this webhook".to_owned());
            }
            verdict.status = Some(response.status);
            verdict.excerpt = excerpt(&response);
        }
        Err(error) => {
            verdict.error = Some(error.kind);
            verdict.detail = Some(printable(&error.detail));
        }
    }
    let goes_on = verdict.state != AttemptState::Delivered && verdict.end.is_none();
    let wait_ms = wait_ms(rules.jitter_percent, schedule_s, number, salt).filter(|_| goes_on);
    let next_at_ms = wait_ms.map(|wait_ms| now_ms + wait_ms.max(hint_ms));
    if verdict.disable.is_some() {
        verdict.otherwise_at_ms = next_at_ms;
    } else if next_at_ms.is_some() {
        verdict.state = AttemptState::Retrying;
        verdict.next_at_ms = next_at_ms;
    }
    verdict
}

/// The request of a receiver in the header `webhook-delivery`, for every status.
enum ReceiverRequest {
    /// `disable`: no more requests to this webhook.
    Disable,
    /// `abort-message`: no further attempt of this message.
    AbortMessage,
}

fn request_of_receiver(response: &Response) -> Option<ReceiverRequest> {
    let header = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("webhook-delivery"));
    match header?.1.trim().to_ascii_lowercase().as_str() {
        "disable" => Some(ReceiverRequest::Disable),
        "abort-message" => Some(ReceiverRequest::AbortMessage),
        _ => None,
    }
}

/// Returns the wait after a failed attempt: the schedule's, lengthened by the jitter.
fn wait_ms(jitter_percent: u32, schedule_s: &[u32], number: u32, salt: &str) -> Option<u64> {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait_ms = u64::from(*schedule_s.get(index)?) * 1_000;
    let jitter_max_ms = wait_ms * u64::from(jitter_percent) / 100;
    Some(wait_ms + id::derived_number("jitter", &[salt]) % (jitter_max_ms + 1))
}

fn excerpt(response: &Response) -> Option<String> {
    let text = printable(&response.body);
    (!text.is_empty()).then_some(text)
}

/// Returns the start of a foreign text, without U+0000, which no row may hold, and other control characters.
fn printable(text: &str) -> String {
    let printable = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    text.chars().take(EXCERPT_CHARS_MAX).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::HttpError;
    use crate::profile::Profile;
    use crate::support::limits::RETRY_AFTER_MS_MAX;
    use crate::support::statuses::StatusSet;

    const NOW_MS: u64 = 1_738_670_407_000;

    const SCHEDULE_S: &[u32] = &[5, 300];

    fn standard() -> Rules {
        let profile = Profile::builtin("standard").expect("built in");
        Rules { jitter_percent: 0, ..Rules::of_profile(profile) }
    }

    fn answer(status: u16, retry_after: &str) -> Completion {
        let headers = vec![("retry-after".to_owned(), retry_after.to_owned())];
        Completion { id: 1, duration_ms: 7, result: Ok(Response { status, headers, ..Response::default() }) }
    }

    #[test]
    fn statuses_and_hints() {
        use AttemptState::{Delivered, Exhausted, Retrying};
        let rows: &[(u16, u32, &str, AttemptState, Option<u64>)] = &[
            (200, 1, "", Delivered, None),
            (299, 1, "9", Delivered, None),
            (301, 1, "", Retrying, Some(5_000)),
            (404, 2, "", Retrying, Some(300_000)),
            (500, 3, "", Exhausted, None),
            (410, 1, "", Exhausted, None),
            (503, 1, "2", Retrying, Some(5_000)),
            (503, 1, "60", Retrying, Some(60_000)),
            (429, 1, "99999999999999999999999", Retrying, Some(RETRY_AFTER_MS_MAX)),
            (429, 1, "Tue, 04 Feb 2025 12:01:07 GMT", Retrying, Some(60_000)),
            (429, 1, "Tue, 04 Feb 2020 12:01:07 GMT", Retrying, Some(5_000)),
            (429, 1, "soon", Retrying, Some(5_000)),
            (500, 1, "60", Retrying, Some(60_000)),
            (413, 1, "60", Retrying, Some(60_000)),
            (302, 1, "60", Retrying, Some(60_000)),
            (200, 1, "60", Delivered, None),
            (429, 3, "60", Exhausted, None),
        ];
        for &(status, number, hint, state, wait_ms) in rows {
            let verdict = judge(&standard(), SCHEDULE_S, number, "", answer(status, hint), NOW_MS);
            assert_eq!(
                (verdict.state, verdict.next_at_ms),
                (state, wait_ms.map(|wait| NOW_MS + wait)),
                "{status} {hint}"
            );
            assert_eq!(verdict.disable.is_some(), status == 410);
        }
    }

    #[test]
    fn a_receiver_may_end_a_message_or_its_webhook() {
        use AttemptState::{Delivered, Exhausted, Retrying};
        let rows: &[(u16, &str, AttemptState, bool)] = &[
            (500, "disable", Exhausted, true),
            (200, " Disable ", Delivered, true),
            (500, "abort-message", Exhausted, false),
            (503, "Abort-Message", Exhausted, false),
            (200, "abort-message", Delivered, false),
            (500, "retry", Retrying, false),
            (500, "", Retrying, false),
        ];
        for &(status, asked, state, disabled) in rows {
            let headers = vec![("Webhook-Delivery".to_owned(), asked.to_owned())];
            let result = Ok(Response { status, headers, ..Response::default() });
            let verdict = judge(&standard(), SCHEDULE_S, 1, "", Completion { id: 1, duration_ms: 7, result }, NOW_MS);
            assert_eq!((verdict.state, verdict.disable.is_some()), (state, disabled), "{status} {asked}");
            assert_eq!(verdict.next_at_ms.is_some(), state == Retrying);
        }
    }

    #[test]
    fn profile_names_the_statuses_with_which_a_hint_counts() {
        let named = Rules { retry_after_on: Some(StatusSet::range(429, 429)), ..standard() };
        let none = Rules { retry_after_on: Some(StatusSet::default()), ..standard() };
        for (rules, status, wait_ms) in [(&named, 429, 60_000), (&named, 503, 5_000), (&none, 429, 5_000)] {
            let verdict = judge(rules, SCHEDULE_S, 1, "", answer(status, "60"), NOW_MS);
            assert_eq!(verdict.next_at_ms, Some(NOW_MS + wait_ms), "{status}");
        }
    }

    #[test]
    fn final_status_ends_a_message_and_nothing_else() {
        use AttemptState::{Delivered, Exhausted, Retrying};
        let rules = Rules { finals: StatusSet::range(400, 410), success: StatusSet::range(200, 201), ..standard() };
        /// The name, the status, the `Retry-After`, and the state, the detail and whether the webhook is disabled.
        type Row = (&'static str, u16, &'static str, AttemptState, Option<&'static str>, bool);
        let rows: &[Row] = &[
            ("final", 401, "", Exhausted, Some("the receiver responded 401, which ends the message"), false),
            (
                "final, with a hint",
                408,
                "60",
                Exhausted,
                Some("the receiver responded 408, which ends the message"),
                false,
            ),
            ("another failure", 500, "", Retrying, None, false),
            ("no longer a success", 204, "", Retrying, None, false),
            ("success", 201, "", Delivered, None, false),
            ("final, and disables", 410, "", Exhausted, Some("the receiver wants nothing more for this webhook"), true),
        ];
        for &(name, status, hint, state, detail, disabled) in rows {
            let verdict = judge(&rules, SCHEDULE_S, 1, "", answer(status, hint), NOW_MS);
            assert_eq!((verdict.state, verdict.detail.as_deref()), (state, detail), "{name}");
            assert_eq!(verdict.disable.is_some(), disabled, "{name}");
            // Also if the webhook is not disabled, because it was changed meanwhile.
            assert_eq!(verdict.otherwise_at_ms, None, "{name}");
        }
        let headers = vec![("webhook-delivery".to_owned(), "abort-message".to_owned())];
        let result = Ok(Response { status: 401, headers, ..Response::default() });
        let verdict = judge(&rules, SCHEDULE_S, 1, "", Completion { id: 1, duration_ms: 7, result }, NOW_MS);
        assert_eq!(verdict.end, Some(End::Aborted), "the receiver's own request comes first");
    }

    #[test]
    fn transport_errors_are_tried_again() {
        let error = HttpError { kind: HttpErrorKind::Dns, detail: "no such name".to_owned() };
        let completion = Completion { id: 1, duration_ms: 7, result: Err(error) };
        let verdict = judge(&standard(), SCHEDULE_S, 1, "", completion, NOW_MS);
        assert_eq!((verdict.state, verdict.error), (AttemptState::Retrying, Some(HttpErrorKind::Dns)));
    }

    #[test]
    fn texts_of_an_attempt_without_control_characters_are_bounded() {
        let text = format!("a\u{0}\u{1b}b\n{}", "x".repeat(2_000));
        let error = HttpError { kind: HttpErrorKind::Protocol, detail: text.clone() };
        let answer = Response { status: 500, body: text, ..Response::default() };
        for result in [Err(error), Ok(answer)] {
            let completion = Completion { id: 1, duration_ms: 7, result };
            let verdict = judge(&standard(), SCHEDULE_S, 1, "", completion, NOW_MS);
            let kept = verdict.detail.or(verdict.excerpt).unwrap_or_default();
            assert!(kept.starts_with("a\u{fffd}\u{fffd}b\nx") && kept.chars().count() == EXCERPT_CHARS_MAX, "{kept}");
        }
    }

    #[test]
    fn jitter_goes_only_upwards_and_is_determined() {
        let waits: Vec<u64> = (0..100).filter_map(|salt| wait_ms(10, SCHEDULE_S, 2, &format!("{salt}"))).collect();
        assert!(waits.iter().all(|wait| (300_000..=330_000).contains(wait)));
        assert!(waits.iter().max() > waits.iter().min());
        assert_eq!(wait_ms(10, SCHEDULE_S, 2, "x"), wait_ms(10, SCHEDULE_S, 2, "x"));
    }
}
