//! The calls. (Placeholders until each flow has its module.)
#![allow(missing_docs)]
use crate::host::Host;
use crate::*;
fn pending<T>() -> Result<T, Error> {
    Err(Error::of(ErrorKind::Internal, "not built yet"))
}
pub fn on_event(_: &dyn Host, _: &Config, _tenant: Option<&str>, _event: &str) -> Result<Accepted, Error> {
    pending()
}
pub fn on_events(_: &dyn Host, _: &Config, _tenant: Option<&str>, _events: &[String]) -> Result<Vec<Accepted>, Error> {
    pending()
}
pub fn register(_: &dyn Host, _: &Config, _tenant: &str, _user: Option<&str>, _json: &str) -> Result<String, Error> {
    pending()
}
pub fn update(_: &dyn Host, _: &Config, _tenant: &str, _id: &str, _json: &str) -> Result<String, Error> {
    pending()
}
pub fn get(_: &dyn Host, _: &Config, _tenant: &str, _id: &str) -> Result<String, Error> {
    pending()
}
pub fn list(_: &dyn Host, _: &Config, _tenant: &str, _cursor: Option<&str>, _limit: u32) -> Result<String, Error> {
    pending()
}
pub fn unregister(_: &dyn Host, _: &Config, _tenant: &str, _id: &str) -> Result<(), Error> {
    pending()
}
pub fn rotate_secret(
    _: &dyn Host,
    _: &Config,
    _tenant: &str,
    _id: &str,
    _secret: Option<&str>,
    _overlap_s: Option<u32>,
) -> Result<String, Error> {
    pending()
}
pub fn test_webhook(_: &dyn Host, _: &Config, _tenant: &str, _id: &str) -> Result<String, Error> {
    pending()
}
pub fn attempts(
    _: &dyn Host,
    _: &Config,
    _tenant: &str,
    _id: &str,
    _cursor: Option<&str>,
    _limit: u32,
) -> Result<String, Error> {
    pending()
}
pub fn message(_: &dyn Host, _: &Config, _tenant: &str, _id: &str) -> Result<String, Error> {
    pending()
}
pub fn event_types(_: &Config) -> Result<String, Error> {
    pending()
}
pub fn deliver(_: &dyn Host, _: &Config, _: Budget) -> Result<DeliveryReport, Error> {
    pending()
}
pub fn handle(_: &dyn Host, _: &Config, _: &ApiRequest, _: &Caller) -> ApiResponse {
    ApiResponse { status: 501, headers: Vec::new(), body: String::new() }
}
