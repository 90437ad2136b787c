//! The events of one call, within the API's limits of number and size, and the event that a refusal names.

use bytes::Bytes;
use hookwright_engine::limits::{EVENTS_BYTES_MAX, EVENTS_PER_CALL_MAX};

use super::split::Event;
use crate::cli::client::Answer;

/// Events that are sent in one call. All of them are accepted, or none.
#[derive(Debug, Default)]
pub struct Batch {
    events: Vec<Event>,
    bytes: usize,
}

impl Batch {
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns true if the event fits into this batch. Each event fits into an empty batch.
    pub fn has_room_for(&self, event: &Event) -> bool {
        self.events.len() < EVENTS_PER_CALL_MAX && self.bytes + event.text.len() <= EVENTS_BYTES_MAX
    }

    pub fn push(&mut self, event: Event) {
        self.bytes += event.text.len();
        self.events.push(event);
    }

    /// Returns the first `count` events as a JSON array. Each keeps its text.
    pub fn body(&self, count: usize) -> Bytes {
        let texts: Vec<&str> = self.events[..count].iter().map(|event| event.text.as_str()).collect();
        Bytes::from(format!("[{}]", texts.join(",")))
    }

    /// Returns the lines of the events in the input.
    pub fn lines(&self) -> String {
        match (self.events.first(), self.events.last()) {
            (Some(first), Some(last)) if first.line != last.line => format!("lines {} to {}", first.line, last.line),
            (Some(first), _) => format!("line {}", first.line),
            _ => "no line".to_owned(),
        }
    }

    /// Returns the index of the event that a refusal names, 3 for `events[3].type`.
    pub fn refused_index(&self, answer: &Answer) -> Option<usize> {
        let field = answer.problem().field?;
        let (index, _) = field.strip_prefix("events[")?.split_once(']')?;
        index.parse().ok().filter(|index| *index < self.events.len())
    }

    /// Returns the reason of a refusal without the event's index.
    pub fn refusal(&self, index: usize, answer: &Answer) -> String {
        let said = answer.refusal();
        let inner = said.strip_prefix(&format!("events[{index}]")).and_then(|rest| rest.strip_prefix(['.', ':']));
        inner.map_or(said.as_str(), str::trim_start).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: u64, bytes: usize) -> Event {
        Event { line, number: line, text: " ".repeat(bytes) }
    }

    #[test]
    fn batch_is_as_large_as_a_call_may_be() {
        let mut batch = Batch::default();
        for line in 0..100 {
            assert!(batch.has_room_for(&event(line, 10)), "{line}");
            batch.push(event(line, 10));
        }
        assert!(!batch.has_room_for(&event(100, 10)));

        let mut batch = Batch::default();
        for line in 0..16 {
            assert!(batch.has_room_for(&event(line, 256 * 1024)), "{line}");
            batch.push(event(line, 256 * 1024));
        }
        assert!(!batch.has_room_for(&event(16, 1)));
    }

    #[test]
    fn refusal_names_an_event() {
        let mut batch = Batch::default();
        for line in 7..12 {
            batch.push(event(line, 1));
        }
        assert_eq!(batch.lines(), "lines 7 to 11");
        let rows = [
            ("events[3].type", "events[3].type: is required", Some(3), "type: is required (HTTP 422)"),
            ("events[0]", "events[0]: expected an object", Some(0), "expected an object (HTTP 422)"),
            ("events[5].type", "events[5].type: is required", None, ""),
            ("events", "events: too many", None, ""),
            ("name", "name: is empty", None, ""),
        ];
        for (field, detail, index, refusal) in rows {
            let body = serde_json::json!({"field": field, "detail": detail}).to_string();
            let answer = Answer { status: 422, body };
            assert_eq!(batch.refused_index(&answer), index, "{field}");
            if let Some(index) = index {
                assert_eq!(batch.refusal(index, &answer), refusal);
            }
        }
        assert_eq!(batch.refused_index(&Answer { status: 502, body: "<html>".to_owned() }), None);
    }
}
