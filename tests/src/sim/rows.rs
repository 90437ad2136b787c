//! Reads the rows of `docs/storage-layout.md` with the simulator's own eyes, so that the engine's spelling of a key or a
//! value is not what judges it.

use serde::Deserialize;

/// What a key is about. A lane is `<tenant>/<webhook>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    Msg { message: &'a str },
    Inbox { message: &'a str },
    Shard,
    Sub { tenant: &'a str, pattern: &'a str, webhook: &'a str },
    Hook { lane: &'a str },
    Queue { lane: &'a str, due_ms: u64 },
    Wake { lane: &'a str, due_ms: u64 },
    Lane { lane: &'a str },
    Log { tenant: &'a str, message: &'a str, webhook: &'a str, number: u32 },
    Other,
}

/// What this key is about; `None` if the layout has no such key.
pub fn parse(key: &str) -> Option<Row<'_>> {
    let (kind, rest) = key.split_once('/')?;
    let parts: [&str; 4] = {
        let mut split = rest.splitn(4, '/');
        std::array::from_fn(|_| split.next().unwrap_or(""))
    };
    Some(match kind {
        "msg" => Row::Msg { message: parts[1] },
        "inbox" => Row::Inbox { message: parts[2] },
        "shard" => Row::Shard,
        "sub" => Row::Sub { tenant: parts[0], pattern: parts[1], webhook: parts[2] },
        "hook" => Row::Hook { lane: rest },
        "queue" => Row::Queue { lane: two(rest)?, due_ms: parts[2].parse().ok()? },
        "wake" => Row::Wake { lane: two(rest.split_once('/')?.1)?, due_ms: parts[0].parse().ok()? },
        "lane" => Row::Lane { lane: rest },
        "log" => Row::Log { tenant: parts[0], message: parts[1], webhook: parts[2], number: parts[3].parse().ok()? },
        "stat" | "recent" | "subs" => Row::Other,
        _ => return None,
    })
}

fn two(text: &str) -> Option<&str> {
    let (end, _) = text.match_indices('/').nth(1)?;
    Some(&text[..end])
}

/// A lane's lease.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Lease {
    pub token: String,
    pub until: u64,
    #[serde(default)]
    pub wake: Option<String>,
}

/// A group of deliveries.
#[derive(Debug, Deserialize)]
pub struct Group {
    pub d: Vec<(String, u32)>,
}

/// What is stored of an event, as far as the checkers look.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Msg {
    pub event_type: String,
}

/// What is stored of a webhook, as far as the checkers look.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    pub url: String,
    pub events: Vec<String>,
    pub active: bool,
    pub schedule_s: Vec<u32>,
}

/// What is stored of an attempt.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    pub at_ms: u64,
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub error: Option<String>,
    pub state: String,
    #[serde(default)]
    pub next_at_ms: Option<u64>,
    #[serde(default)]
    pub test: bool,
}

impl Log {
    /// Whether nothing follows.
    pub fn is_final(&self) -> bool {
        self.state != "retrying"
    }

    /// Whether a request was made.
    pub fn attempted(&self) -> bool {
        self.status.is_some() || self.error.is_some()
    }
}
