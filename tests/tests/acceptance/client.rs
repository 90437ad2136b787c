//! A client of the HTTP API with the token, for one tenant: registrations, events, jobs and the log, and waiting for what
//! the API shows. A call that is not answered as it should be fails the test.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::until;
use super::wire::{self, Answer};

/// The token of the services that the tests start.
pub const TOKEN: &str = "s3cret-token";
/// The tenant of a client, unless another is named.
pub const TENANT: &str = "acme";

/// A client of a running service.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    tenant: String,
    stderr: Arc<Mutex<String>>,
}

/// A registered webhook, and the API's response to the registration.
#[derive(Debug)]
pub struct Webhook {
    pub id: String,
    /// The path of the webhook in the API.
    pub path: String,
    shown: Value,
}

impl Webhook {
    /// Returns the secret, which is shown only once.
    pub fn secret(&self) -> &str {
        self["secret"].as_str().unwrap()
    }
}

impl Deref for Webhook {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.shown
    }
}

impl Client {
    /// A client for the usual tenant. The service's stderr is shown when a call fails.
    pub fn new(address: SocketAddr, stderr: Arc<Mutex<String>>) -> Client {
        Client { address, tenant: TENANT.to_owned(), stderr }
    }

    /// Returns a client for another tenant.
    pub fn of(&self, tenant: &str) -> Client {
        Client { tenant: tenant.to_owned(), ..self.clone() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the service's stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Makes a call. An error: the service does not answer.
    pub fn attempt(&self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let authorization = format!("Bearer {TOKEN}");
        let headers = [("Authorization", authorization.as_str()), ("X-Tenant", &self.tenant)];
        wire::send(self.address, method, path, &headers, body)
    }

    /// Makes a call, which is answered.
    pub fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer = self.attempt(method, path, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.stderr()))
    }

    /// Makes a call for another tenant.
    pub fn call_for(&self, tenant: &str, method: &str, path: &str, body: &str) -> Answer {
        self.of(tenant).call(method, path, body)
    }

    pub fn get(&self, path: &str) -> Value {
        self.call("GET", path, "").expect(200).json()
    }

    /// Registers a webhook.
    pub fn register(&self, registration: &Value) -> Webhook {
        let shown = self.call("POST", "/webhooks", &registration.to_string()).expect(201).json();
        let id = shown["id"].as_str().unwrap().to_owned();
        Webhook { path: format!("/webhooks/{id}"), id, shown }
    }

    /// Changes a webhook. Returns it as it is now.
    pub fn update(&self, webhook: &str, changes: &Value) -> Value {
        self.call("PATCH", &format!("/webhooks/{webhook}"), &changes.to_string()).expect(200).json()
    }

    /// Sends a test event to a webhook. Returns the attempt.
    pub fn test(&self, webhook: &str) -> Value {
        self.call("POST", &format!("/webhooks/{webhook}/test"), "").expect(200).json()
    }

    /// Hands over an event. Returns its message id.
    pub fn accept(&self, event: &Value) -> String {
        only_id(&self.call("POST", "/events", &event.to_string()).expect(202).json())
    }

    /// Hands over an event to a service that may be gone. Returns its message id, if it was accepted.
    pub fn offer(&self, event: &Value) -> Option<String> {
        let answer = self.attempt("POST", "/events", &event.to_string()).ok()?;
        Some(only_id(&answer.expect(202).json()))
    }

    /// Returns a message.
    pub fn message(&self, message: &str) -> Value {
        self.get(&format!("/messages/{message}"))
    }

    /// Sends a message again, to one webhook.
    pub fn redeliver(&self, message: &str, webhook: &str) -> Value {
        let body = json!({"webhookId": webhook}).to_string();
        self.call("POST", &format!("/messages/{message}/redeliver"), &body).expect(202).json()
    }

    /// Begins a job. Returns the path of the job in the API.
    pub fn begin_job(&self, path: &str, body: &str) -> String {
        let answer = self.call("POST", path, body).expect(202);
        let job = format!("/jobs/{}", answer.json()["id"].as_str().unwrap());
        assert_eq!(answer.header("location"), Some(job.as_str()));
        job
    }

    /// Waits until the job of this path has ended. Returns it as it is then.
    pub fn wait_for_job(&self, path: &str) -> Value {
        until("the end of the job", || Some(self.get(path)).filter(|job| job["state"] != "running"))
    }

    /// Returns a webhook's attempts, newest first, from all pages.
    pub fn attempts(&self, webhook: &str) -> Vec<Value> {
        let mut attempts = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("/webhooks/{webhook}/attempts?limit=100{cursor}"));
            attempts.append(page["data"].as_array_mut().unwrap());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return attempts,
            }
        }
    }

    /// Waits until a webhook has this number of attempts in its log.
    pub fn wait_for_attempts(&self, webhook: &str, count: usize) -> Vec<Value> {
        until(&format!("{count} attempts"), || {
            let attempts = self.attempts(webhook);
            (attempts.len() >= count).then_some(attempts)
        })
    }
}

fn only_id(accepted: &Value) -> String {
    let [id] = &accepted["messageIds"].as_array().unwrap()[..] else { panic!("{accepted}") };
    id.as_str().unwrap().to_owned()
}
