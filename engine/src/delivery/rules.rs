//! The meaning of a response's status for one webhook: what the webhook sets, else what its profile says.

use crate::profile::Profile;
use crate::store::rows::Webhook;
use crate::support::error::Error;
use crate::support::statuses::StatusSet;

/// The rules by which the outcome of an attempt is judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Statuses of success. They precede all other rules about a status.
    pub success: StatusSet,
    /// Statuses that end a message at once.
    pub finals: StatusSet,
    /// Statuses by which a receiver asks to be disabled, whether or not they are final.
    pub disable_on: StatusSet,
    /// Such a status disables although it is a success. The profile's author has written both.
    pub disable_on_success: bool,
    /// Statuses with which `Retry-After` counts. `None`: every failure.
    pub retry_after_on: Option<StatusSet>,
    /// The longest extension of a wait, in percent of it.
    pub jitter_percent: u32,
}

impl Rules {
    /// Returns the rules for a webhook with this profile. A status that the webhook itself calls a success does not disable it.
    pub fn of(profile: &Profile, webhook: &Webhook) -> Rules {
        let mut rules = Rules::of_profile(profile);
        if let Some(success) = &webhook.success_statuses {
            rules.success.clone_from(success);
            rules.disable_on_success = false;
        }
        if let Some(finals) = &webhook.final_statuses {
            rules.finals.clone_from(finals);
        }
        rules
    }

    /// Returns the rules for a webhook that sets none.
    pub fn of_profile(profile: &Profile) -> Rules {
        Rules {
            success: profile.success.clone(),
            finals: profile.finals.clone(),
            disable_on: profile.disable_on.clone(),
            disable_on_success: true,
            retry_after_on: profile.retry_after_on.clone(),
            jitter_percent: profile.jitter_percent,
        }
    }

    /// Returns true if the status is a success.
    pub fn is_success(&self, status: u16) -> bool {
        self.success.contains(status)
    }

    /// Returns true if the status ends the message.
    pub fn is_final(&self, status: u16) -> bool {
        !self.is_success(status) && self.finals.contains(status)
    }

    /// Returns true if the receiver asks to be disabled by the status.
    pub fn is_disabling(&self, status: u16) -> bool {
        self.disable_on.contains(status) && (self.disable_on_success || !self.is_success(status))
    }

    /// Returns true if `Retry-After` counts with the status.
    pub fn is_retry_after(&self, status: u16) -> bool {
        !self.is_success(status) && self.retry_after_on.as_ref().is_none_or(|on| on.contains(status))
    }

    /// Checks the statuses that a webhook sets. The profile's own lists were checked with the profile.
    ///
    /// Errors: `invalid` on the field that is to be changed.
    pub fn check(profile: &Profile, webhook: &Webhook) -> Result<(), Error> {
        let Some(finals) = &webhook.final_statuses else { return Ok(()) };
        let own = webhook.success_statuses.as_ref();
        let Some(status) = finals.common(own.unwrap_or(&profile.success)) else { return Ok(()) };
        let whose = if own.is_some() { "`successStatuses`" } else { "the profile" };
        let error = Error::invalid("finalStatuses", format!("`{status}` ends a message, and is a success by {whose}"));
        Err(error.hint("leave it out of one of `finalStatuses` and `successStatuses`"))
    }
}
