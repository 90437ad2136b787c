//! The `console` export: one request to the management API.

use hookwright_engine as engine;

use crate::bindings::exports::hookwright::webhooks::console::{Caller, Guest, Header, Request, Response};
use crate::instance::call;
use crate::plugin::Plugin;

impl Guest for Plugin {
    fn handle(request: Request, caller: Caller) -> Response {
        let request =
            engine::ApiRequest { method: request.method, path: request.path, query: request.query, body: request.body };
        let caller = engine::Caller { tenant: caller.tenant, user: caller.user, permissions: caller.permissions };
        match call(|host, config| Ok(engine::handle(host, config, &request, &caller))) {
            Ok(response) => Response {
                status: response.status,
                headers: response.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
                body: response.body,
            },
            Err(unconfigured) => Response { status: 500, headers: Vec::new(), body: unconfigured.to_string() },
        }
    }
}
