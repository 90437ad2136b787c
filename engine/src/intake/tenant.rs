//! The rule for a tenant's name.

use crate::support::error::Error;
use crate::support::{json, limits};

/// Checks a tenant's name.
pub fn check_tenant(tenant: &str) -> Result<&str, Error> {
    if tenant.is_empty() || tenant.len() > limits::TENANT_BYTES_MAX || tenant.chars().any(char::is_control) {
        let message = format!("`{}` names no tenant", json::quoted(tenant));
        let hint = format!("use 1 to {} bytes without control characters", limits::TENANT_BYTES_MAX);
        return Err(Error::invalid("tenant", message).hint(hint));
    }
    Ok(tenant)
}
