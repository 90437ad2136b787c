//! The fields `successStatuses` and `finalStatuses` of a registration: checks them, writes them into the webhook's row, and
//! shows them.

use serde::{Deserialize, Deserializer};

use crate::delivery::rules::Rules;
use crate::profile::Profile;
use crate::store::rows::Webhook;
use crate::support::error::Error;
use crate::support::statuses::{StatusEntry, StatusSet};

/// A list of statuses in a registration or a change.
#[derive(Clone, Debug, Default)]
pub(super) enum Setting {
    /// The field is absent: nothing changes.
    #[default]
    Absent,
    /// `null`: the profile's statuses count.
    Profile,
    /// These statuses count.
    Own(Vec<StatusEntry>),
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Setting, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Setting::Profile, Setting::Own))
    }
}

impl Setting {
    /// Writes the setting into a field of the row.
    fn write(self, field: &str, stored: &mut Option<StatusSet>) -> Result<(), Error> {
        match self {
            Setting::Absent => {}
            Setting::Profile => *stored = None,
            Setting::Own(entries) => *stored = Some(StatusSet::parse(field, &entries)?),
        }
        Ok(())
    }
}

/// Writes the lists into a webhook, and checks them together with its profile's. They are not checked again if neither they
/// nor the format were given: the platform may have changed the profile, and other changes stay possible.
pub(super) fn apply(
    success: Setting,
    finals: Setting,
    has_other_format: bool,
    profile: &Profile,
    webhook: &mut Webhook,
) -> Result<(), Error> {
    let is_given = |setting: &Setting| !matches!(setting, Setting::Absent);
    if !(has_other_format || is_given(&success) || is_given(&finals)) {
        return Ok(());
    }
    success.write("successStatuses", &mut webhook.success_statuses)?;
    finals.write("finalStatuses", &mut webhook.final_statuses)?;
    if webhook.success_statuses.as_ref().is_some_and(StatusSet::is_empty) {
        let error = Error::invalid("successStatuses", "is empty, so that every response would be a failure");
        return Err(error.hint("name the statuses of success, or give null for those of the format"));
    }
    Rules::check(profile, webhook)
}

/// Returns the statuses of success and those that end a message, as they count for a webhook. `None`: its profile is not
/// configured, and the webhook does not set them.
pub(super) fn shown(profile: Option<&Profile>, webhook: &Webhook) -> (Option<StatusSet>, Option<StatusSet>) {
    match profile.map(|profile| Rules::of(profile, webhook)) {
        Some(rules) => (Some(rules.success), Some(rules.finals)),
        None => (webhook.success_statuses.clone(), webhook.final_statuses.clone()),
    }
}

#[cfg(test)]
mod tests;
