//! The component's exports as typed calls. The outer error of a call is a trap, the inner one is the engine's.

use hookwright_engine as engine;
use hookwright_engine::{Details, Error, ErrorKind};
use wasmtime::component::Instance;
use wasmtime::{Result as Trapping, Store};

use super::bindings::Plugin;
use super::bindings::exports::hookwright::webhooks::{console, webhooks};
use super::state::State;

/// The outcome of a call: a trap, a refusal, or a value.
pub(crate) type Answer<T> = Trapping<Result<T, Error>>;

/// The exports of one instance.
pub(crate) struct Exports {
    plugin: Plugin,
    instance: Instance,
}

impl Exports {
    pub(super) fn new(plugin: Plugin, instance: Instance) -> Exports {
        Exports { plugin, instance }
    }

    /// Returns the instance, for calls by name.
    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }

    pub(crate) fn configure(&self, store: &mut Store<State>, settings: &engine::Settings) -> Answer<()> {
        let sealing_keys = settings
            .sealing_keys
            .iter()
            .map(|sealing_key| webhooks::SealingKey { id: sealing_key.id.clone(), key: sealing_key.key_hex.clone() })
            .collect();
        let config = webhooks::Config {
            profile: settings.profile.clone(),
            profiles: settings.profiles.clone(),
            sealing_keys,
            allow_destinations: settings.allow_destinations.clone(),
            plain_http: match settings.plain_http {
                engine::PlainHttp::Allowed => webhooks::PlainHttp::Allowed,
                engine::PlainHttp::Refused => webhooks::PlainHttp::Refused,
            },
            user_agent: settings.user_agent.clone(),
            invalid_text: Some(match settings.invalid_text {
                engine::json::InvalidText::Keep => webhooks::InvalidText::Keep,
                engine::json::InvalidText::Replace => webhooks::InvalidText::Replace,
                engine::json::InvalidText::Refuse => webhooks::InvalidText::Refuse,
            }),
            webhooks_per_tenant_max: settings.webhooks_per_tenant_max,
            disable_after_s: settings.disable_after_s,
            disable_after_deliveries: settings.disable_after_deliveries,
            retention_s: settings.retention_s,
        };
        answer(self.webhooks().call_configure(store, &config), |()| ())
    }

    pub(crate) fn on_event(
        &self,
        store: &mut Store<State>,
        tenant: Option<&str>,
        event: &str,
    ) -> Answer<engine::Accepted> {
        answer(self.webhooks().call_on_event(store, tenant, &event.to_owned()), accepted)
    }

    pub(crate) fn on_events(
        &self,
        store: &mut Store<State>,
        tenant: Option<&str>,
        events: &[String],
    ) -> Answer<Vec<engine::Accepted>> {
        answer(self.webhooks().call_on_events(store, tenant, events), |list| list.into_iter().map(accepted).collect())
    }

    pub(crate) fn register(&self, store: &mut Store<State>, tenant: &str, registration: &str) -> Answer<String> {
        answer(self.webhooks().call_register(store, tenant, &registration.to_owned()), same)
    }

    pub(crate) fn update(&self, store: &mut Store<State>, tenant: &str, id: &str, changes: &str) -> Answer<String> {
        answer(self.webhooks().call_update(store, tenant, id, &changes.to_owned()), same)
    }

    pub(crate) fn get(&self, store: &mut Store<State>, tenant: &str, id: &str) -> Answer<String> {
        answer(self.webhooks().call_get(store, tenant, id), same)
    }

    pub(crate) fn list(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<String> {
        answer(self.webhooks().call_list(store, tenant, cursor, limit), same)
    }

    pub(crate) fn unregister(&self, store: &mut Store<State>, tenant: &str, id: &str) -> Answer<()> {
        answer(self.webhooks().call_unregister(store, tenant, id), same)
    }

    pub(crate) fn rotate_secret(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        id: &str,
        secret: Option<&str>,
        overlap_s: Option<u32>,
    ) -> Answer<String> {
        answer(self.webhooks().call_rotate_secret(store, tenant, id, secret, overlap_s), same)
    }

    pub(crate) fn test_webhook(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        id: &str,
        event: Option<&str>,
    ) -> Answer<String> {
        answer(self.webhooks().call_test_webhook(store, tenant, id, event.map(str::to_owned).as_ref()), same)
    }

    pub(crate) fn attempts(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        id: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<String> {
        answer(self.webhooks().call_attempts(store, tenant, id, cursor, limit), same)
    }

    pub(crate) fn message(&self, store: &mut Store<State>, tenant: &str, message_id: &str) -> Answer<String> {
        answer(self.webhooks().call_message(store, tenant, message_id), same)
    }

    pub(crate) fn message_attempts(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        message_id: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<String> {
        answer(self.webhooks().call_message_attempts(store, tenant, message_id, cursor, limit), same)
    }

    pub(crate) fn payload(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        message: &str,
        webhook: &str,
    ) -> Answer<String> {
        answer(self.webhooks().call_payload(store, tenant, message, webhook), same)
    }

    pub(crate) fn explain(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        message: &str,
        webhook: &str,
    ) -> Answer<String> {
        answer(self.webhooks().call_explain(store, tenant, message, webhook), same)
    }

    pub(crate) fn redeliver(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        message_id: &str,
        webhook_id: Option<&str>,
    ) -> Answer<String> {
        answer(self.webhooks().call_redeliver(store, tenant, message_id, webhook_id), same)
    }

    pub(crate) fn erase(&self, store: &mut Store<State>, tenant: &str, request: &str) -> Answer<String> {
        answer(self.webhooks().call_erase(store, tenant, &request.to_owned()), same)
    }

    pub(crate) fn settings(&self, store: &mut Store<State>, tenant: &str) -> Answer<String> {
        answer(self.webhooks().call_settings(store, tenant), same)
    }

    pub(crate) fn update_settings(&self, store: &mut Store<State>, tenant: &str, changes: &str) -> Answer<String> {
        answer(self.webhooks().call_update_settings(store, tenant, &changes.to_owned()), same)
    }

    pub(crate) fn recover(&self, store: &mut Store<State>, tenant: &str, id: &str, range: &str) -> Answer<String> {
        answer(self.webhooks().call_recover(store, tenant, id, &range.to_owned()), same)
    }

    pub(crate) fn replay(&self, store: &mut Store<State>, tenant: &str, id: &str, range: &str) -> Answer<String> {
        answer(self.webhooks().call_replay(store, tenant, id, &range.to_owned()), same)
    }

    pub(crate) fn job(&self, store: &mut Store<State>, tenant: &str, id: &str) -> Answer<String> {
        answer(self.webhooks().call_job(store, tenant, id), same)
    }

    pub(crate) fn jobs(
        &self,
        store: &mut Store<State>,
        tenant: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<String> {
        answer(self.webhooks().call_jobs(store, tenant, cursor, limit), same)
    }

    pub(crate) fn cancel_job(&self, store: &mut Store<State>, tenant: &str, id: &str) -> Answer<String> {
        answer(self.webhooks().call_cancel_job(store, tenant, id), same)
    }

    pub(crate) fn event_types(&self, store: &mut Store<State>) -> Answer<String> {
        answer(self.webhooks().call_event_types(store), same)
    }

    pub(crate) fn reclaim_leases(&self, store: &mut Store<State>) -> Answer<u32> {
        answer(self.webhooks().call_reclaim_leases(store), |freed| freed)
    }

    pub(crate) fn deliver(&self, store: &mut Store<State>, budget: engine::Budget) -> Answer<engine::DeliveryReport> {
        let budget = webhooks::Budget { time_ms: budget.time_ms, attempts_max: budget.attempts_max };
        answer(self.webhooks().call_deliver(store, budget), |report| engine::DeliveryReport {
            routed: report.routed,
            attempts: report.attempts,
            delivered: report.delivered,
            next_due_ms: report.next_due_ms,
            problems: report.problems,
        })
    }

    pub(crate) fn handle(
        &self,
        store: &mut Store<State>,
        request: &engine::ApiRequest,
        caller: &engine::Caller,
    ) -> Answer<engine::ApiResponse> {
        let request = console::Request {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: request.body.clone(),
        };
        let caller = console::Caller {
            tenant: caller.tenant.clone(),
            user: caller.user.clone(),
            permissions: caller.permissions.clone(),
        };
        let response = self.plugin.hookwright_webhooks_console().call_handle(store, &request, &caller)?;
        Ok(Ok(engine::ApiResponse {
            status: response.status,
            headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: response.body,
        }))
    }

    fn webhooks(&self) -> &webhooks::Guest {
        self.plugin.hookwright_webhooks_webhooks()
    }
}

fn answer<T, U>(called: Trapping<Result<T, webhooks::Error>>, value: impl FnOnce(T) -> U) -> Answer<U> {
    Ok(called?.map(value).map_err(error))
}

fn same<T>(value: T) -> T {
    value
}

fn accepted(accepted: webhooks::Accepted) -> engine::Accepted {
    engine::Accepted { message_id: accepted.message_id, new: accepted.new }
}

fn error(error: webhooks::Error) -> Error {
    let kind = match error.kind {
        webhooks::ErrorKind::Invalid => ErrorKind::Invalid,
        webhooks::ErrorKind::TooLarge => ErrorKind::TooLarge,
        webhooks::ErrorKind::NotFound => ErrorKind::NotFound,
        webhooks::ErrorKind::Conflict => ErrorKind::Conflict,
        webhooks::ErrorKind::Forbidden => ErrorKind::Forbidden,
        webhooks::ErrorKind::Unavailable => ErrorKind::Unavailable,
        webhooks::ErrorKind::TransactionAborted => ErrorKind::TransactionAborted,
        webhooks::ErrorKind::Internal => ErrorKind::Internal,
    };
    Details { kind, field: error.field, message: error.message, hint: error.hint, progress: None }.into()
}
