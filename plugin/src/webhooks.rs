//! The `webhooks` export: each function is one call of the engine.

use hookwright_engine as engine;

use crate::bindings::exports::hookwright::webhooks::webhooks::{
    Accepted, Budget, Config, DeliveryReport, Error, Guest, InvalidText, Json, PlainHttp,
};
use crate::convert;
use crate::instance::{call, configure, log_panics};
use crate::plugin::Plugin;

impl Guest for Plugin {
    fn configure(config: Config) -> Result<(), Error> {
        log_panics();
        let sealing_keys: Vec<_> = config
            .sealing_keys
            .into_iter()
            .map(|sealing_key| engine::SealingKey { id: sealing_key.id, key_hex: sealing_key.key })
            .collect();
        let settings = engine::Settings {
            profile: config.profile,
            profiles: config.profiles,
            sealing_keys,
            allow_destinations: config.allow_destinations,
            plain_http: match config.plain_http {
                PlainHttp::Allowed => engine::PlainHttp::Allowed,
                PlainHttp::Refused => engine::PlainHttp::Refused,
            },
            user_agent: config.user_agent,
            invalid_text: match config.invalid_text {
                None | Some(InvalidText::Keep) => engine::json::InvalidText::Keep,
                Some(InvalidText::Replace) => engine::json::InvalidText::Replace,
                Some(InvalidText::Refuse) => engine::json::InvalidText::Refuse,
            },
            webhooks_per_tenant_max: config.webhooks_per_tenant_max,
            disable_after_s: config.disable_after_s,
            disable_after_deliveries: config.disable_after_deliveries,
            retention_s: config.retention_s,
        };
        engine::Config::new(&settings).and_then(configure).map_err(convert::error)
    }

    fn on_event(tenant: Option<String>, event: Json) -> Result<Accepted, Error> {
        call(|host, config| engine::on_event(host, config, tenant.as_deref(), &event))
            .map(convert::accepted)
            .map_err(convert::error)
    }

    fn on_events(tenant: Option<String>, events: Vec<Json>) -> Result<Vec<Accepted>, Error> {
        call(|host, config| engine::on_events(host, config, tenant.as_deref(), &events))
            .map(|accepted| accepted.into_iter().map(convert::accepted).collect())
            .map_err(convert::error)
    }

    fn register(tenant: String, registration: Json) -> Result<Json, Error> {
        // Without a user: the platform itself registers. A user's registrations come through the console.
        call(|host, config| engine::register(host, config, &tenant, None, &registration)).map_err(convert::error)
    }

    fn update(tenant: String, webhook_id: String, changes: Json) -> Result<Json, Error> {
        call(|host, config| engine::update(host, config, &tenant, &webhook_id, &changes)).map_err(convert::error)
    }

    fn get(tenant: String, webhook_id: String) -> Result<Json, Error> {
        call(|host, config| engine::get(host, config, &tenant, &webhook_id)).map_err(convert::error)
    }

    fn list(tenant: String, cursor: Option<String>, limit: u32) -> Result<Json, Error> {
        call(|host, config| engine::list(host, config, &tenant, cursor.as_deref(), limit)).map_err(convert::error)
    }

    fn unregister(tenant: String, webhook_id: String) -> Result<(), Error> {
        call(|host, config| engine::unregister(host, config, &tenant, &webhook_id).map(|_| ())).map_err(convert::error)
    }

    fn rotate_secret(
        tenant: String,
        webhook_id: String,
        secret: Option<String>,
        overlap_s: Option<u32>,
    ) -> Result<Json, Error> {
        call(|host, config| engine::rotate_secret(host, config, &tenant, &webhook_id, secret.as_deref(), overlap_s))
            .map_err(convert::error)
    }

    fn test_webhook(tenant: String, webhook_id: String, event: Option<Json>) -> Result<Json, Error> {
        call(|host, config| engine::test_webhook(host, config, &tenant, &webhook_id, event.as_deref()))
            .map_err(convert::error)
    }

    fn attempts(tenant: String, webhook_id: String, cursor: Option<String>, limit: u32) -> Result<Json, Error> {
        call(|host, config| engine::attempts(host, config, &tenant, &webhook_id, cursor.as_deref(), limit))
            .map_err(convert::error)
    }

    fn message(tenant: String, message_id: String) -> Result<Json, Error> {
        call(|host, config| engine::message(host, config, &tenant, &message_id)).map_err(convert::error)
    }

    fn message_attempts(tenant: String, message_id: String, cursor: Option<String>, limit: u32) -> Result<Json, Error> {
        call(|host, config| engine::message_attempts(host, config, &tenant, &message_id, cursor.as_deref(), limit))
            .map_err(convert::error)
    }

    fn payload(tenant: String, message_id: String, webhook_id: String) -> Result<Json, Error> {
        call(|host, config| engine::delivery_payload(host, config, &tenant, &message_id, &webhook_id))
            .map_err(convert::error)
    }

    fn explain(tenant: String, message_id: String, webhook_id: String) -> Result<Json, Error> {
        call(|host, config| engine::explain(host, config, &tenant, &message_id, &webhook_id)).map_err(convert::error)
    }

    fn redeliver(tenant: String, message_id: String, webhook_id: Option<String>) -> Result<Json, Error> {
        call(|host, config| engine::redeliver(host, config, &tenant, &message_id, webhook_id.as_deref()))
            .map_err(convert::error)
    }

    fn erase(tenant: String, request: Json) -> Result<Json, Error> {
        call(|host, config| engine::erase(host, config, &tenant, &request)).map_err(convert::error)
    }

    fn settings(tenant: String) -> Result<Json, Error> {
        call(|host, config| engine::tenant_settings(host, config, &tenant)).map_err(convert::error)
    }

    fn update_settings(tenant: String, changes: Json) -> Result<Json, Error> {
        call(|host, config| engine::update_settings(host, config, &tenant, &changes)).map_err(convert::error)
    }

    fn recover(tenant: String, webhook_id: String, range: Json) -> Result<Json, Error> {
        call(|host, config| engine::recover(host, config, &tenant, &webhook_id, &range)).map_err(convert::error)
    }

    fn replay(tenant: String, webhook_id: String, range: Json) -> Result<Json, Error> {
        call(|host, config| engine::replay(host, config, &tenant, &webhook_id, &range)).map_err(convert::error)
    }

    fn job(tenant: String, job_id: String) -> Result<Json, Error> {
        call(|host, config| engine::job(host, config, &tenant, &job_id)).map_err(convert::error)
    }

    fn jobs(tenant: String, cursor: Option<String>, limit: u32) -> Result<Json, Error> {
        call(|host, config| engine::jobs(host, config, &tenant, cursor.as_deref(), limit)).map_err(convert::error)
    }

    fn cancel_job(tenant: String, job_id: String) -> Result<Json, Error> {
        call(|host, config| engine::cancel_job(host, config, &tenant, &job_id)).map_err(convert::error)
    }

    fn event_types() -> Result<Json, Error> {
        call(|_, config| engine::event_types(config)).map_err(convert::error)
    }

    fn deliver(budget: Budget) -> Result<DeliveryReport, Error> {
        let budget = engine::Budget { time_ms: budget.time_ms, attempts_max: budget.attempts_max };
        call(|host, config| engine::deliver(host, config, budget)).map(convert::delivery_report).map_err(convert::error)
    }

    fn reclaim_leases() -> Result<u32, Error> {
        call(|host, config| engine::reclaim_leases(host, config)).map_err(convert::error)
    }
}
