//! The existing webhooks of the service, and their identity: user, name, URL and set of events.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::cli::client::{ApiClient, Call};
use crate::cli::limits::WEBHOOKS_PER_PAGE;

/// The identity of a webhook. Not printed, because its URL may contain a credential.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Reads the identity of a webhook from the component's JSON, which has names and events in their canonical spelling.
    pub fn of(tenant: &str, user: Option<&str>, webhook: &str) -> Result<Identity> {
        let webhook: Webhook = serde_json::from_str(webhook).context("reading the response to a registration")?;
        Ok(Identity::new(tenant, user.map(str::to_owned), webhook))
    }

    fn new(tenant: &str, user: Option<String>, webhook: Webhook) -> Identity {
        let Webhook { name, url, events, .. } = webhook;
        Identity { tenant: tenant.to_owned(), user, name, url, events }
    }
}

/// The number of existing webhooks of each identity. A platform may have two equal webhooks on purpose.
#[derive(Default)]
pub struct Existing {
    counts: BTreeMap<Identity, usize>,
    /// The number that webhooks of the list have been matched with.
    taken: BTreeMap<Identity, usize>,
}

impl Existing {
    /// Lists the webhooks of these tenants.
    pub fn list<'a>(client: &ApiClient, tenants: impl Iterator<Item = &'a str>) -> Result<Existing> {
        let mut existing = Existing::default();
        for tenant in tenants.collect::<BTreeSet<_>>() {
            let mut cursor = String::new();
            loop {
                let path = format!("/webhooks?limit={WEBHOOKS_PER_PAGE}{cursor}");
                let tenant_header = Some(tenant.to_owned());
                let call = Call { method: "GET", path, tenant: tenant_header, ..Call::default() };
                let answer = client.call_patiently(&call)?;
                ensure!(answer.status == 200, "listing the webhooks of {tenant:?}: {}", answer.refusal());
                let page: Page = serde_json::from_str(&answer.body).context("reading the list of webhooks")?;
                for mut webhook in page.data {
                    let user = webhook.user_id.take();
                    existing.add(&Identity::new(tenant, user, webhook));
                }
                match page.next_cursor {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        Ok(existing)
    }

    /// Returns the number of webhooks with this identity.
    pub fn count(&self, identity: &Identity) -> usize {
        self.counts.get(identity).copied().unwrap_or(0)
    }

    /// Counts one more webhook.
    pub fn add(&mut self, identity: &Identity) {
        *self.counts.entry(identity.clone()).or_insert(0) += 1;
    }

    /// Matches a webhook of the list with an existing one. Returns false if there is none that is not matched yet.
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
    fn equal_webhooks_are_counted() {
        let twin = identity(None, "twin", &["a", "b"]);
        assert!(twin == identity(None, "twin", &["b", "a"]));
        for other in [
            identity(Some("1"), "twin", &["a", "b"]),
            identity(None, "Twin", &["a", "b"]),
            identity(None, "twin", &["a"]),
        ] {
            assert!(twin != other);
        }
        let mut existing = Existing::default();
        assert!(!existing.take(&twin));
        existing.add(&twin);
        existing.add(&twin);
        assert_eq!([existing.take(&twin), existing.take(&twin), existing.take(&twin)], [true, true, false]);
    }
}
