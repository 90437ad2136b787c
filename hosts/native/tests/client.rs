//! A typed client of the contract's functions, over an instance.

use serde_json::{Value, json};

use crate::host::{Answer, Instance, OK};

/// The tenant of most tests.
pub const TENANT: &str = "acme";

/// A URL of a receiver that no test contacts.
pub const URL: &str = "https://example.com/";

/// A registered webhook.
pub struct Webhook {
    pub id: String,
    pub secret: String,
}

/// The report of a `deliver`.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    pub routed: u64,
    pub attempts: u64,
    pub delivered: u64,
    pub problems: Vec<String>,
}

/// Returns the arguments of `webhooks.register`, for a webhook of all events.
pub fn registration(tenant: &str, url: &str) -> Value {
    let registration = json!({"name": "Billing", "url": url, "events": ["*"]});
    json!({"tenant": tenant, "registration": registration.to_string()})
}

/// Returns the arguments of `webhooks.on-event`.
pub fn event(tenant: &str) -> Value {
    json!({"tenant": tenant, "event": r#"{"type": "invoice.paid"}"#})
}

impl Instance {
    /// Registers a webhook for all events.
    pub fn register(&self, tenant: &str, url: &str) -> Webhook {
        webhook(&self.ok("webhooks.register", &registration(tenant, url)))
    }

    /// Registers a webhook for all events with a timeout.
    pub fn register_with_timeout(&self, tenant: &str, url: &str, timeout_ms: u32) -> Webhook {
        let registration = json!({"name": "Billing", "url": url, "events": ["*"], "timeoutMs": timeout_ms});
        let arguments = json!({"tenant": tenant, "registration": registration.to_string()});
        webhook(&self.ok("webhooks.register", &arguments))
    }

    /// Accepts an event of the type `invoice.paid`, which must be new.
    pub fn on_event(&self, tenant: &str) {
        assert_eq!(self.ok("webhooks.on-event", &event(tenant))["new"], true);
    }

    /// Delivers until nothing is due, for at most 20 s. The call may fail.
    pub fn try_deliver(&self) -> Answer {
        self.call("webhooks.deliver", &json!({"budget": {"timeMs": 20_000, "attemptsMax": 100}}))
    }

    /// Delivers until nothing is due, for at most 20 s.
    pub fn deliver(&self) -> Report {
        let (status, report) = self.try_deliver();
        assert_eq!(status, OK, "{report}");
        let number = |name: &str| report[name].as_u64().unwrap();
        let problems = report["problems"].as_array().unwrap().iter();
        Report {
            routed: number("routed"),
            attempts: number("attempts"),
            delivered: number("delivered"),
            problems: problems.map(|problem| problem.as_str().unwrap().to_owned()).collect(),
        }
    }

    /// Returns the newest attempts of a webhook as JSON text.
    pub fn attempts(&self, tenant: &str, webhook: &Webhook) -> String {
        let page = json!({"tenant": tenant, "webhookId": webhook.id, "limit": 10});
        self.ok("webhooks.attempts", &page).as_str().unwrap().to_owned()
    }
}

fn webhook(text: &Value) -> Webhook {
    let webhook: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    let member = |name: &str| webhook[name].as_str().unwrap().to_owned();
    Webhook { id: member("id"), secret: member("secret") }
}
