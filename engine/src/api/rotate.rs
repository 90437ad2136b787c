//! Rotates a webhook's secret. Which secret signs when is decided by `delivery::rotation`.

use crate::api::view;
use crate::api::webhooks::{self, Changed};
use crate::config::Config;
use crate::delivery::rotation;
use crate::ports::Host;
use crate::profile::Profile;
use crate::profile::secret::Secret;
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{LIVE_SECRETS_MAX, ROTATION_OVERLAP_MS, ROTATION_OVERLAP_MS_MAX};

/// Sets a new secret. The old one goes on signing for `overlap_s` seconds, beside the new one if the format has room for
/// several signatures, else alone. Returns the webhook with the new secret in clear, and the time from which it signs.
pub fn rotate_secret(
    host: &dyn Host,
    config: &Config,
    tenant: &str,
    id: &str,
    secret: Option<&str>,
    overlap_s: Option<u32>,
) -> Result<String, Error> {
    let overlap_ms = overlap_ms(overlap_s)?;
    let now_ms = host.now_us() / 1_000;
    let mut shown = None;
    let Changed { webhook, health } = webhooks::change(host, tenant, id, |webhook| {
        let profile = config.format("format", &webhook.format)?;
        let fresh = fresh_secret(host, &profile, secret)?;
        let sealed = webhooks::seal_secret(host, config, &webhook.id, &fresh)?;
        rotation::rotate(&mut webhook.secrets, sealed, &profile.signature, overlap_ms, now_ms);
        if webhook.secrets.len() > LIVE_SECRETS_MAX {
            let message = format!("{} earlier secrets still sign", webhook.secrets.len() - 1);
            let hint = "wait until the first of them ends, or end them all now with an `overlapS` of 0";
            return Err(Error::of(ErrorKind::Conflict, message).hint(hint));
        }
        webhook.updated_at_ms = now_ms;
        shown = Some(fresh);
        Ok(())
    })?;
    let view = view::webhook(config, &webhook, &health, shown.as_ref(), now_ms);
    view::text(&view.with_new_secret_from(now_ms))
}

fn overlap_ms(overlap_s: Option<u32>) -> Result<u64, Error> {
    let overlap_ms = overlap_s.map_or(ROTATION_OVERLAP_MS, |overlap_s| u64::from(overlap_s) * 1_000);
    if overlap_ms > ROTATION_OVERLAP_MS_MAX {
        let message = format!("`{}` is too long", overlap_ms / 1_000);
        let hint = format!("0 to {} seconds", ROTATION_OVERLAP_MS_MAX / 1_000);
        return Err(Error::invalid("overlapS", message).hint(hint));
    }
    Ok(overlap_ms)
}

/// Returns the given secret, or one that is made. An empty one is no rotation: nothing would sign after it.
fn fresh_secret(host: &dyn Host, profile: &Profile, given: Option<&str>) -> Result<Secret, Error> {
    match given {
        Some("") => Err(Error::invalid("secret", "is empty").hint(
            "leave it out to have one made; to sign no longer, change the webhook with the secret \"\", where its format allows it",
        )),
        Some(text) => Secret::parse(profile, text),
        None => Ok(Secret::generate(profile, &mut |buffer| host.fill(buffer))),
    }
}

#[cfg(test)]
mod tests;
