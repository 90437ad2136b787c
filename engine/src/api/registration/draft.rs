//! The fields of a registration as a call gives them, without the white space around what was pasted. Secrets keep
//! theirs, because a space may be meant.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::api::pause::PauseChange;
use crate::api::statuses::Setting;
use crate::support::text::trim_in_place;

/// The fields that were given. Numbers are read wider than they are stored, so that a larger one is out of range.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::api) struct Draft {
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) events: Option<Vec<String>>,
    pub secret: Option<String>,
    pub(super) method: Option<String>,
    pub(super) headers: Option<Headers>,
    pub format: Option<String>,
    pub(super) is_active: Option<bool>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) schedule: Option<Vec<u64>>,
    pub(super) concurrency: Option<u64>,
    pub(super) rate_per_minute: Option<u64>,
    pub(super) keep_bodies: Option<bool>,
    pub(super) strict_order: Option<bool>,
    pub(super) on_exhausted: Option<AfterExhaustion>,
    #[serde(default)]
    pub(super) success_statuses: Setting,
    #[serde(default)]
    pub(super) final_statuses: Setting,
    #[serde(default)]
    pub(super) paused_until: PauseChange,
    /// The value of `Authorization` that the URL's user and password make.
    #[serde(skip)]
    pub(super) authorization: Option<Zeroizing<String>>,
}

/// The field `onExhausted`.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AfterExhaustion {
    Continue,
    Pause,
}

/// The field `headers`, in the order given.
#[derive(Clone)]
pub(super) struct Headers(pub Vec<(String, String)>);

impl Draft {
    /// Takes the white space around every field away that may have been pasted.
    pub(super) fn trim(&mut self) {
        let texts = [&mut self.name, &mut self.url, &mut self.method, &mut self.format];
        texts.into_iter().flatten().chain(self.events.iter_mut().flatten()).for_each(trim_in_place);
        for (name, value) in self.headers.iter_mut().flat_map(|Headers(headers)| headers) {
            trim_in_place(name);
            trim_in_place(value);
        }
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Headers, D::Error> {
        deserializer.deserialize_any(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Vec::new();
        while let Some(header) = map.next_entry()? {
            headers.push(header);
        }
        Ok(Headers(headers))
    }

    /// PHP writes an empty object as `[]`.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Headers, A::Error> {
        match seq.next_element::<serde::de::IgnoredAny>()? {
            None => Ok(Headers(Vec::new())),
            Some(_) => Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self)),
        }
    }
}
