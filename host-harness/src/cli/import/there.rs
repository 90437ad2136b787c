//! The webhooks that are there already, and when two are the same: of one user, with one name, URL and set of events.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::cli::client::{ApiClient, Call};
use crate::cli::limits::WEBHOOKS_PER_PAGE;

/// What a webhook is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    tenant: String,
    user: Option<String>,
    name: String,
    url: String,
    events: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    user_id: Option<String>,
    name: String,
    url: String,
    events: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<Webhook>,
    next_cursor: Option<String>,
}

impl Identity {
    /// Of a webhook as the component shows it: names and events in its own spelling.
    pub fn of(tenant: &str, user: Option<&str>, webhook: &str) -> Result<Identity> {
        let webhook: Webhook = serde_json::from_str(webhook).context("the answer to a registration")?;
        Ok(Identity::new(tenant, user.map(str::to_owned), webhook))
    }

    fn new(tenant: &str, user: Option<String>, webhook: Webhook) -> Identity {
        let Webhook { name, url, events, .. } = webhook;
        Identity { tenant: tenant.to_owned(), user, name, url, events }
    }
}

/// How many webhooks there are of each identity: a platform may have two that look alike, and both are wanted.
#[derive(Debug, Default)]
pub struct There {
    counts: BTreeMap<Identity, usize>,
    /// Those that a webhook of the list has been found to be.
    taken: BTreeMap<Identity, usize>,
}

impl There {
    /// Asks for the webhooks of these tenants.
    pub fn look<'a>(client: &ApiClient, tenants: impl Iterator<Item = &'a str>) -> Result<There> {
        let mut there = There::default();
        for tenant in tenants.collect::<BTreeSet<_>>() {
            let mut cursor = String::new();
            loop {
                let path = format!("/webhooks?limit={WEBHOOKS_PER_PAGE}{cursor}");
                let tenant_header = Some(tenant.to_owned());
                let call = Call { method: "GET", path, tenant: tenant_header, ..Call::default() };
                let answer = client.call_patiently(&call)?;
                ensure!(answer.status == 200, "asking for the webhooks of {tenant:?}: {}", answer.refusal());
                let page: Page = serde_json::from_str(&answer.body).context("the list of webhooks")?;
                for mut webhook in page.data {
                    let user = webhook.user_id.take();
                    there.add(&Identity::new(tenant, user, webhook));
                }
                match page.next_cursor {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        Ok(there)
    }

    /// How many are there.
    pub fn count(&self, identity: &Identity) -> usize {
        self.counts.get(identity).copied().unwrap_or(0)
    }

    /// One more is there.
    pub fn add(&mut self, identity: &Identity) {
        *self.counts.entry(identity.clone()).or_insert(0) += 1;
    }

    /// Whether one is there that no other webhook of the list is.
    pub fn take(&mut self, identity: &Identity) -> bool {
        let count = self.count(identity);
        let taken = self.taken.entry(identity.clone()).or_insert(0);
        let free = *taken < count;
        *taken += usize::from(free);
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(user: Option<&str>, name: &str, events: &[&str]) -> Identity {
        let webhook = serde_json::json!({"id": "wh_1", "name": name, "url": "https://a.example/", "events": events});
        Identity::of("acme", user, &webhook.to_string()).unwrap()
    }

    #[test]
    fn twins_are_two() {
        let twin = identity(None, "twin", &["a", "b"]);
        assert_eq!(twin, identity(None, "twin", &["b", "a"]));
        for other in [
            identity(Some("1"), "twin", &["a", "b"]),
            identity(None, "Twin", &["a", "b"]),
            identity(None, "twin", &["a"]),
        ] {
            assert_ne!(twin, other);
        }
        let mut there = There::default();
        assert!(!there.take(&twin));
        there.add(&twin);
        there.add(&twin);
        assert_eq!([there.take(&twin), there.take(&twin), there.take(&twin)], [true, true, false]);
    }
}
