//! Remembers what happened: as text if asked to, and always as a hash of everything that was asked and answered, by which
//! two runs of a seed are compared.

use std::fmt::Write as _;

use hookwright_engine::ports::{Direction, Mutation, Request};

use super::ids::CallId;
use super::ids::{BEGIN_US, InstanceId};
use super::ops::{Done, Op};

/// The story of a seed.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// An empty one, with text or without.
    pub fn new(text: bool) -> Trace {
        Trace { hash: 0xCBF2_9CE4_8422_2325, lines: text.then(Vec::new) }
    }

    /// Adds a line, which is only made if text is kept.
    pub fn note(&mut self, now_us: u64, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let us = now_us - BEGIN_US;
            lines.push(format!("{:>8}.{:06} {}", us / 1_000_000, us % 1_000_000, line()));
        }
    }

    /// Adds what an instance asked.
    pub fn asked(&mut self, now_us: u64, instance: InstanceId, op: &Op) {
        self.number(now_us);
        self.number(instance as u64);
        match op {
            Op::Get(keys) => keys.iter().for_each(|key| self.text(key)),
            Op::Scan { range, limit, order } => {
                self.text(&range.start);
                self.text(&range.end);
                self.number(u64::from(*limit));
                self.number(u64::from(*order == Direction::Forward));
            }
            Op::Commit { checks, mutations } => {
                for check in checks {
                    self.text(&check.key);
                    self.number(check.version.unwrap_or(u64::MAX));
                }
                for mutation in mutations {
                    self.text(mutation.key());
                    match mutation {
                        Mutation::Put { value, .. } => self.text(value),
                        Mutation::Delete { .. } => self.number(u64::MAX),
                    }
                }
            }
            Op::Submit(requests) => requests.iter().for_each(|request| self.request(request)),
            Op::Wait { timeout_ms } => self.number(u64::from(*timeout_ms)),
        }
        self.note(now_us, || format!("instance {instance} asks {}", brief(op)));
    }

    fn request(&mut self, request: &Request) {
        self.number(request.id);
        self.text(&request.method);
        self.text(&request.url);
        for (name, value) in &request.headers {
            self.text(name);
            self.text(value);
        }
        self.text(request.body.as_deref().unwrap_or_default());
        self.number(u64::from(request.timeout_ms));
        self.number(u64::from(request.response_bytes_max));
        request.egress.allow.iter().chain(&request.egress.deny).for_each(|network| self.text(network));
    }

    /// Adds what a call answered.
    pub fn answered(&mut self, now_us: u64, call: CallId, done: &Done) {
        let text = format!("{done:?}");
        self.text(&text);
        self.note(now_us, || format!("call {call} ends: {text}"));
    }

    /// The hash so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The text, if it was kept.
    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }

    fn number(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }

    fn text(&mut self, text: &str) {
        let mut chunks = text.as_bytes().chunks_exact(8);
        for chunk in &mut chunks {
            let mut eight = [0; 8];
            eight.copy_from_slice(chunk);
            self.number(u64::from_le_bytes(eight));
        }
        let mut rest = [0; 8];
        rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.number(u64::from_le_bytes(rest) ^ text.len() as u64);
    }
}

fn brief(op: &Op) -> String {
    match op {
        Op::Get(keys) => format!("get {}", keys.join(" ")),
        Op::Scan { range, limit, .. } => format!("scan {limit} of {}..{}", range.start, range.end),
        Op::Commit { checks, mutations } => {
            let mut text = "commit".to_owned();
            for check in checks {
                let version = check.version.map_or("absent".to_owned(), |version| version.to_string());
                let _ = write!(text, "\n      if {} is {version}", check.key);
            }
            for mutation in mutations {
                let _ = match mutation {
                    Mutation::Put { key, value } => {
                        write!(text, "\n     put {key} {}", value.chars().take(200).collect::<String>())
                    }
                    Mutation::Delete { key } => write!(text, "\n  delete {key}"),
                };
            }
            text
        }
        Op::Submit(requests) => {
            let mut text = "submit".to_owned();
            for request in requests {
                let body = request.body.as_deref().unwrap_or_default();
                let _ = write!(text, "\n    {} {} in {} ms {body}", request.id, request.url, request.timeout_ms);
            }
            text
        }
        Op::Wait { timeout_ms } => format!("wait {timeout_ms} ms"),
    }
}
