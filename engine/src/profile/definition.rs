//! A profile: the event types that there are, how a request looks and is signed, and the defaults of a webhook. It is
//! made by `builtin` and `parse`.

use crate::event::pattern::ALL;
use crate::event::{Event, check_type};
use crate::profile::suggest;
use crate::profile::vocabulary::{
    Header, LetterCase, Member, Method, OwnQuery, Sample, SecretAbsent, Signature, TestEvent, Unsigned,
};
use crate::support::error::Error;
use crate::support::json::Style;
use crate::support::statuses::StatusSet;

/// A platform's dialect. Made by [`Profile::builtin`] and [`Profile::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// `perfex-assets`
    pub name: String,
    /// The catalogue of event types. If it is empty, any type is accepted.
    pub events: Vec<String>,
    /// The meaning of letter case in event types.
    pub letter_case: LetterCase,
    /// The style of payloads.
    pub style: Style,
    /// The payload's members, in order.
    pub payload: Vec<Member>,
    /// The headers, beside those that every request has.
    pub headers: Vec<Header>,
    /// The `User-Agent` of its requests. `None`: [`USER_AGENT`](crate::profile::request::USER_AGENT).
    pub user_agent: Option<String>,
    /// The `Accept` of its requests, unless a custom header replaces it. An empty text: none is sent. `None`:
    /// [`ACCEPT`](crate::profile::request::ACCEPT).
    pub accept: Option<String>,
    /// The signature scheme.
    pub signature: Signature,
    /// The meaning of a registration without a secret.
    pub secret_absent: SecretAbsent,
    /// The policy on webhooks that ask to be unsigned, by an empty secret.
    pub unsigned: Unsigned,
    /// The waits after failed attempts, in seconds. Each means one more attempt.
    pub schedule_s: Vec<u32>,
    /// The longest extension of a wait, in percent of it. A wait is never shortened.
    pub jitter_percent: u32,
    /// The timeout of one attempt, in milliseconds: headers and body of the response together.
    pub timeout_ms: u32,
    /// The statuses that mean success.
    pub success: StatusSet,
    /// The statuses that end a message at once.
    pub finals: StatusSet,
    /// The methods that a webhook may choose. The first is the default.
    pub methods: Vec<Method>,
    /// The treatment of a webhook's own query if the payload is sent as a query.
    pub own_query: OwnQuery,
    /// Statuses by which a receiver asks to be disabled.
    pub disable_on: StatusSet,
    /// Statuses with which `Retry-After` counts. `None`: every failure.
    pub retry_after_on: Option<StatusSet>,
    /// Attributes that are never sent, at any depth of `before`, `after` and `data`, in any letter case.
    pub hidden: Vec<String>,
    /// The event that a test sends.
    pub test: TestEvent,
    /// Examples of events, for tests that name only a type. The most particular pattern counts.
    pub samples: Vec<Sample>,
}

impl Profile {
    /// Returns the canonical spelling of an event type of the catalogue.
    ///
    /// Errors: `invalid` on the field `type`, with the names that come near.
    pub fn event_type(&self, text: &str) -> Result<String, Error> {
        check_type(text)?;
        let event_type = self.letter_case.fold(text);
        if self.events.is_empty() || self.events.contains(&event_type) {
            return Ok(event_type);
        }
        let message = format!("`{text}` is not in the catalogue of profile {}", self.name);
        Err(Error::invalid("type", message).hint(suggest::hint(&event_type, &self.events)))
    }

    /// Returns true if the profile sets a header of this name.
    pub fn sets_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Returns true if the payload, or that of the test event, can have a member of this name at its top.
    pub fn has_member(&self, name: &str) -> bool {
        let of_test = self.test.payload.iter().flatten();
        self.payload.iter().chain(of_test).any(|member| member.name == name)
    }

    /// Returns true if a response of this status is a success.
    pub fn is_success(&self, status: u16) -> bool {
        self.success.contains(status)
    }

    /// Returns the event that a test sends, with this time.
    pub fn test_event(&self, now_us: u64) -> Event {
        let data = self.test.data.clone();
        Event { data, occurred_at_us: Some(now_us), ..Event::new(&self.test.event_type) }
    }

    /// Returns the example of an event of this type, without a time. `None`: the profile has none.
    pub fn sample(&self, event_type: &str) -> Option<Event> {
        // The most particular pattern comes first.
        let prefixes = event_type.rmatch_indices('.').map(|(at, _)| format!("{}.*", &event_type[..at]));
        let mut patterns = [event_type.to_owned()].into_iter().chain(prefixes).chain([ALL.to_owned()]);
        let found = patterns.find_map(|wanted| self.samples.iter().find(|one| one.pattern == wanted))?;
        Some(Event { event_type: event_type.to_owned(), ..found.event.clone() })
    }
}
