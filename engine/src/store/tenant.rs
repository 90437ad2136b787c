//! The settings that a tenant has stored for itself.

use crate::ports::{Entry, Host};
use crate::store::keys;
use crate::store::rows::{self, Tenant};
use crate::support::error::Error;

/// Returns true if a tenant keeps bodies.
pub(crate) fn read_keeps_bodies(host: &dyn Host, tenant_part: &str) -> Result<bool, Error> {
    keeps_bodies(host.get_one(&keys::tenant(tenant_part))?.as_ref())
}

/// Returns true if the tenant with this row keeps bodies.
pub(crate) fn keeps_bodies(entry: Option<&Entry>) -> Result<bool, Error> {
    entry.map_or(Ok(true), |entry| rows::decode::<Tenant>(&entry.key, &entry.value).map(|tenant| tenant.keep_bodies))
}
