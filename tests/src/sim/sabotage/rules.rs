//! The rules to break, each with the demanded outcome.

macro_rules! sabotages {
    ($($name:ident $text:literal $outcome:expr,)*) => {
        /// A rule to break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Sabotage { $($name),* }

        impl Sabotage {
            /// All of them.
            pub const ALL: &[Sabotage] = &[$(Sabotage::$name),*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Sabotage::$name => $text),* }
            }

            /// Returns the seed that shows it, if it is named.
            pub fn seed(self) -> Option<u64> {
                match self.outcome() { Outcome::At(seed, _) => Some(seed), _ => None }
            }

            /// Returns the demanded outcome of a run with it.
            pub fn outcome(self) -> Outcome {
                match self { $(Sabotage::$name => $outcome),* }
            }
        }
    };
}

/// The demanded outcome of a sabotage.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// One of these checkers notices it, before any other does.
    Seen(&'static [&'static str]),
    /// The same, in about one seed of a thousand.
    Rare(&'static [&'static str]),
    /// The same, so rarely that a seed is named that shows it.
    At(u64, &'static [&'static str]),
    /// Breaking this rule breaks nothing else, for this reason.
    Harmless(&'static str),
}
use Outcome::{At, Harmless, Rare, Seen};

sabotages! {
    ForgetInbox "forget-inbox" Seen(&["accepted"]),
    ForgetRouteTimer "forget-route-timer" Seen(&["announced"]),
    ForgetRouteArmedTimer "forget-route-armed-timer" Seen(&["armed"]),
    ForgetClaimTimer "forget-claim-timer" Seen(&["armed"]),
    ForgetReleaseTimer "forget-release-timer" Seen(&["announced"]),
    ForgetRetryRow "forget-retry-row" Seen(&["queued-once"]),
    ForgetRouted "forget-routed" Seen(&["listed"]),
    ForgetUnregisterTimer "forget-unregister-timer" Seen(&["announced", "job-armed"]),
    SkipMessageCheck "skip-message-check" Seen(&["rows"]),
    SkipInboxCheck "skip-inbox-check" Seen(&["redelivered", "erased"]),
    SkipShardCheck "skip-shard-check" Harmless(
        "the checks of the inbox rows make a message routed once as well; the shard's lease only saves work"),
    SkipInboxAndShardCheck "skip-inbox-and-shard-check" Seen(&["queued-once", "rows"]),
    SkipRouteLeasedLaneCheck "skip-route-leased-lane-check" Rare(&["announced"]),
    SkipRouteTakenLaneCheck "skip-route-taken-lane-check" Seen(&["lease-respected", "grows"]),
    SkipClaimLaneCheck "skip-claim-lane-check" Seen(&["lease-respected", "quarantine-counted"]),
    SkipSettleLaneCheck "skip-settle-lane-check" Seen(&["fenced"]),
    SkipQueueCheck "skip-queue-check" Seen(&["rows", "queued-once", "ended"]),
    SkipReleaseLaneCheck "skip-release-lane-check" Seen(&["fenced", "quarantine-counted", "grows"]),
    SkipWebhookCheck "skip-webhook-check" Seen(&["findable"]),
    SkipSubscriptionsCheck "skip-subscriptions-check" Seen(&["counted"]),
    ForgetExclusions "forget-exclusions" Seen(&["matched"]),
    ForgetWide "forget-wide" Seen(&["routed"]),
    ForgetFilter "forget-filter" Seen(&["job-filter"]),
    ShowStatus "show-status" Seen(&["job-asked"]),
    ForgetRecordedTime "forget-recorded-time" Seen(&["rows"]),
    SkipSecondReading "skip-second-reading" Seen(&["routed"]),
    SkipAskedAttemptCheck "skip-asked-attempt-check" Harmless(
        "every redelivery puts its message's row again, whose version keeps two of them apart as well"),
    SkipAskedQueueCheck "skip-asked-queue-check" Seen(&["ended", "queued-once", "numbered"]),
    SkipAskedInboxCheck "skip-asked-inbox-check" Seen(&["rows"]),
    ForgetAskedTimer "forget-asked-timer" Seen(&["announced"]),
    ForgetAskedDelete "forget-asked-delete" Seen(&["queued-once"]),
    ForgetAskedInbox "forget-asked-inbox" Seen(&["redelivered"]),
    SkipJobCheck "skip-job-check" Seen(&["job-armed", "job"]),
    ForgetJobTimer "forget-job-timer" Seen(&["job-armed"]),
    ForgetJobAsk "forget-job-ask" Seen(&["queued-once"]),
    SplitAccept "split-accept" Seen(&["accepted"]),
    SplitRoute "split-route" Seen(&["announced", "listed"]),
    SplitClaim "split-claim" Seen(&["armed", "lease-respected", "grows"]),
    SplitSettle "split-settle" Seen(&["queued-once", "numbered", "disabled"]),
    SplitRelease "split-release" Seen(&["announced"]),
    SplitRegistration "split-registration" Seen(&["findable"]),
    SplitAsked "split-asked" Seen(&["announced", "queued-once"]),
    ForgetAskedMessage "forget-asked-message" Seen(&["kept", "erased", "quarantine-failed"]),
    ForgetErasedInbox "forget-erased-inbox" Seen(&["erased"]),
    ForgetErasedQueue "forget-erased-queue" Seen(&["erased"]),
    ForgetErasureRow "forget-erasure-row" Seen(&["erased"]),
    ForgetRemovedAttempts "forget-removed-attempts" Seen(&["erased", "rows", "goes", "comes-to-rest", "purged"]),
    SplitJob "split-job" Seen(&["job-armed", "job", "job-counted"]),
    KeepVersions "keep-versions" Seen(&["fenced", "lease-respected"]),
    ReturnVersions "return-versions" At(6_685, &["grows", "fenced"]),
    LookFurther "look-further" Seen(&["tenants"]),
    KeepArmedTimer "keep-armed-timer" Seen(&["grows"]),
    CloseLanes "close-lanes" Seen(&["delay"]),
    ForgetPace "forget-pace" Seen(&["rate"]),
    KeepSecrets "keep-secrets" Seen(&["signature"]),
    ForgetOverlap "forget-overlap" Seen(&["signature"]),
    ForgetFinalStatuses "forget-final-statuses" Seen(&["state"]),
    ForgetSuccessStatuses "forget-success-statuses" Seen(&["state"]),
    KeepActive "keep-active" Seen(&["in-service"]),
    IgnorePause "ignore-pause" Seen(&["paused"]),
    ExtendPause "extend-pause" Seen(&["announced"]),
    KeepInactive "keep-inactive" Seen(&["state"]),
    RestoreWithoutInbox "restore-without-inbox" Seen(&["drained"]),
    DeleteGroup "delete-group" Seen(&["queued-once"]),
    StrictLosesPlace "strict-loses-place" Seen(&["in-order", "announced"]),
    StrictForgetsWait "strict-forgets-wait" Seen(&["attempt-and-queue-agree", "announced"]),
    StrictForgetsPause "strict-forgets-pause" Seen(&["pause"]),
    StrictLastRow "strict-last-row" Seen(&["in-order", "tail"]),
    StrictSecondRow "strict-second-row" Seen(&["in-order", "announced"]),
    StrictInboxBackwards "strict-inbox-backwards" Seen(&["in-order"]),
    ForgetSwitchTimer "forget-switch-timer" Seen(&["announced"]),
    ForgetCompletion "forget-completion" Seen(&["recorded-what-happened"]),
    ForgetDisable "forget-disable" Seen(&["disabled"]),
    ForgetQuarantine "forget-quarantine" Seen(&["quarantine-counted"]),
    ForgetRecorded "forget-recorded" Seen(&["quarantine-counted"]),
    ForgetQuarantined "forget-quarantined" Seen(&["quarantine-sent"]),
    SkipQuarantinedCheck "skip-quarantined-check" Seen(&["armed", "lease-respected", "quarantine-counted"]),
}
