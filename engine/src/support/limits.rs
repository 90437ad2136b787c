//! Every limit of the engine. A name ends in its unit. `docs/limits.md` is made of these comments.

/// Length of a storage key. MySQL and MariaDB index a `VARCHAR(255)` of this length.
pub const KEY_BYTES_MAX: usize = 255;
/// Length of a stored value. An event with everything that is stored around it fits.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Mutations of one commit.
pub const COMMIT_MUTATIONS_MAX: usize = 1_000;
/// Checks of one commit.
pub const COMMIT_CHECKS_MAX: usize = 1_000;
/// Keys and values of one commit together.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Keys of one `get`.
pub const GET_KEYS_MAX: usize = 1_000;
/// Entries of one `scan`.
pub const SCAN_ENTRIES_MAX: u32 = 1_000;

/// Length of one event as the host hands it over.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Length of all events of one `on-events` together. They are one commit.
pub const EVENTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Events of one `on-events`.
pub const EVENTS_PER_CALL_MAX: usize = 100;
/// Depth to which arrays and objects of an event may be nested.
pub const JSON_DEPTH_MAX: usize = 64;
/// Length of an event id that the caller chooses.
pub const EVENT_ID_BYTES_MAX: usize = 256;
/// Length of an event type or a pattern.
pub const EVENT_TYPE_BYTES_MAX: usize = 128;
/// Dot-separated parts of an event type. Each part costs one index range during routing.
pub const EVENT_TYPE_PARTS_MAX: usize = 8;
/// Length of a payload in its profile's style. Indentation and escapes make a payload several times as long as its
/// event; deep nesting would make it hundreds of times as long.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Length of a payload as a query. Receivers take far less. The bound keeps long keys over many values from filling the
/// memory.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// Length of the document of a profile that a host configures.
pub const PROFILE_BYTES_MAX: usize = 256 * 1024;
/// Profiles that a host configures.
pub const PROFILES_MAX: usize = 32;
/// Length of a profile's name.
pub const PROFILE_NAME_BYTES_MAX: usize = 32;
/// Event types in a profile's catalogue.
pub const PROFILE_EVENTS_MAX: usize = 1_000;
/// Members of one object of a profile's payload.
pub const PROFILE_MEMBERS_MAX: usize = 100;
/// Attributes that a profile hides.
pub const PROFILE_HIDDEN_MAX: usize = 100;

/// Length of a tenant's name.
pub const TENANT_BYTES_MAX: usize = 64;

/// Length of the id of the user who registers a webhook.
pub const USER_BYTES_MAX: usize = 256;
/// Commits of one change of a webhook. A commit is repeated when another change of the same tenant came first, so up to
/// this number of changes can be made at the same time.
pub const SUBSCRIPTION_COMMITS_MAX: u32 = 500;
/// Time after which such a change is no longer submitted again.
pub const SUBSCRIPTION_MS_MAX: u64 = 10_000;
/// Length of a webhook's name.
pub const WEBHOOK_NAME_CHARS_MAX: usize = 255;
/// Length of a webhook's URL.
pub const URL_BYTES_MAX: usize = 2_048;
/// Webhooks of one tenant, unless the host configures another number.
pub const WEBHOOKS_PER_TENANT_MAX: u32 = 1_000;
/// Largest number of webhooks of one tenant that a host can configure.
pub const WEBHOOKS_PER_TENANT_CEILING: u32 = 1_000_000;
/// Event patterns of one webhook or job, exclusions included.
pub const PATTERNS_PER_WEBHOOK_MAX: usize = 100;
/// Exclusions among the patterns of one webhook or job.
pub const EXCLUSIONS_PER_LIST_MAX: usize = 50;
/// Wide patterns of one tenant's webhooks together: those with `*` elsewhere than as the last part. Routing reads them for each
/// event type, in three ranges beside those of the other patterns.
pub const WIDE_PATTERNS_PER_TENANT_MAX: u32 = 1_000;
/// Custom headers of one webhook.
pub const HEADERS_PER_WEBHOOK_MAX: usize = 20;
/// Length of a custom header's name.
pub const HEADER_NAME_BYTES_MAX: usize = 64;
/// Length of a custom header's value.
pub const HEADER_VALUE_BYTES_MAX: usize = 1_024;
/// Length of a `User-Agent` that the platform names.
pub const USER_AGENT_BYTES_MAX: usize = 256;
/// Length of the `Accept` of a profile.
pub const ACCEPT_BYTES_MAX: usize = 256;
/// Length of a typed secret. A `whsec_` secret decodes to 24 to 64 bytes.
pub const SECRET_BYTES_MAX: usize = 256;
/// Secrets of one webhook that sign at the same time, during rotations.
pub const LIVE_SECRETS_MAX: usize = 10;
/// Longest time for which a rotated secret still signs.
pub const ROTATION_OVERLAP_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// Time for which a rotated secret still signs, unless the caller gives another.
pub const ROTATION_OVERLAP_MS: u64 = 24 * 3_600_000;
/// Largest difference between a signed time and the receiver's clock, as in the libraries of Standard Webhooks.
pub const TIMESTAMP_TOLERANCE_S: u64 = 300;
/// Waits of one retry schedule.
pub const SCHEDULE_WAITS_MAX: usize = 20;
/// Length of one wait of a retry schedule.
pub const SCHEDULE_WAIT_S_MAX: u32 = 7 * 24 * 3_600;
/// Statuses and ranges of statuses in one list.
pub const STATUS_RANGES_MAX: usize = 20;
/// Pages of a queue in which a redelivery searches for its message.
pub const QUEUE_PAGES_SEARCHED_MAX: u32 = 1_000;
/// Pages of a queue in which the explanation of a delivery searches for its message.
pub const EXPLAIN_QUEUE_PAGES_MAX: u32 = 2;
/// Attempts that the explanation of a delivery has, the latest ones.
pub const EXPLAIN_ATTEMPTS_MAX: u32 = 200;
/// Number of a delivery's last attempt, redeliveries included. It has four digits, with room for one more schedule.
pub const ATTEMPT_NUMBER_MAX: u32 = 9_900;
/// Longest delay of an attempt by a receiver's `Retry-After`.
pub const RETRY_AFTER_MS_MAX: u64 = 24 * 3_600_000;
/// Time without a success after which a failing webhook is disabled, unless the host configures another.
pub const DISABLE_AFTER_S: u32 = 5 * 24 * 3_600;
/// Shortest timeout of an attempt.
pub const TIMEOUT_MS_MIN: u32 = 100;
/// Longest timeout of an attempt.
pub const TIMEOUT_MS_MAX: u32 = 30_000;
/// Part of a response's body that is read.
pub const RESPONSE_BYTES_MAX: u32 = 64 * 1024;
/// Part of a response's body that the attempt log keeps.
pub const EXCERPT_CHARS_MAX: usize = 1_024;

/// Inboxes that the tenants are spread over.
pub const INBOX_SHARDS: u32 = 16;
/// Messages that one routing commit takes from an inbox.
pub const ROUTE_MESSAGES_MAX: u32 = 64;
/// Deliveries that one routing commit makes, and tenants that they belong to.
pub const ROUTE_DELIVERIES_MAX: usize = 400;
/// Subscriptions that routing reads from one range in one page: the webhooks of one pattern, or of wide patterns of one kind.
pub const SUBSCRIPTION_PAGE: u32 = 401;
const _: () = assert!(SUBSCRIPTION_PAGE as usize == ROUTE_DELIVERIES_MAX + 1);
/// Routing commits that a worker makes before it attends to its lanes again.
pub const ROUTE_BATCHES_MAX: u32 = 4;
/// Deliveries that one queue row names.
pub const GROUP_DELIVERIES_MAX: usize = 16;
/// Time after which a routing batch takes no further message from an inbox.
pub const ROUTE_READ_MS_MAX: u64 = 1_000;
/// Time after which a routing batch looks for places in no further queue of strict order. The rest is routed by the next batch.
pub const ROUTE_PLACES_MS_MAX: u64 = 1_000;
/// Reads of one routing batch whose subscriptions keep changing, before the batch waits for the next look.
pub const ROUTE_READS_MAX: u32 = 5;
/// Attempts that one settling commit records.
pub const SETTLE_ATTEMPTS_MAX: usize = 100;
/// Lanes that one commit leases.
pub const CLAIM_LANES_MAX: usize = 64;
/// Timers of one lane that one commit deletes. The next commit deletes further ones.
pub const LANE_TIMERS_MAX: usize = 8;
/// Lanes that one settling commit releases.
pub const RELEASE_LANES_MAX: usize = 32;
/// Timers read in one page while a worker looks for lanes.
pub const TIMER_PAGE: u32 = 200;
/// Pages of timers read in one look.
pub const TIMER_PAGES_MAX: u32 = 10;
/// Queue rows read from a lane in one page.
pub const QUEUE_PAGE: u32 = 32;
/// Lanes whose queues a worker reads before it sends their deliveries. With a slow store, the leases would run out.
pub const LANES_READ_MAX: usize = 16;
/// Deliveries that a worker prepares together. Their messages are read in one call.
pub const SEND_BATCH_MAX: usize = 64;
/// Deliveries without an attempt (of inactive or removed webhooks) that a worker ends together while it sends others.
pub const UNSENT_BATCH_MAX: usize = 16;
/// Requests in flight of one worker.
pub const IN_FLIGHT_MAX: usize = 512;
/// Requests in flight of one worker for lanes without a recent success.
pub const IN_FLIGHT_UNHEALTHY_MAX: usize = IN_FLIGHT_MAX / 2;
/// Requests in flight of one worker for one tenant, and lanes that it leases for it.
pub const TENANT_IN_FLIGHT_MAX: usize = IN_FLIGHT_MAX / 4 * 3;
/// Requests in flight of one worker for lanes of one tenant without a recent success.
pub const TENANT_UNHEALTHY_MAX: usize = IN_FLIGHT_UNHEALTHY_MAX / 4 * 3;
/// Requests in flight of one lane, unless its webhook says another number.
pub const LANE_IN_FLIGHT_MAX: usize = 8;
/// Largest number of requests in flight that a webhook can ask for.
pub const LANE_IN_FLIGHT_CEILING: usize = 64;
/// Requests in flight of one worker to one host and port.
pub const HOST_IN_FLIGHT_MAX: usize = IN_FLIGHT_MAX / 4;
/// Largest rate that a webhook can ask for, in attempts per minute.
pub const RATE_PER_MINUTE_MAX: u32 = 60_000;
/// Longest pause of a webhook, counted from the call that pauses it.
pub const PAUSE_MS_MAX: u64 = 7 * 86_400_000;
/// Attempts per minute with which deliveries that waited for the end of a pause are sent to a webhook without a rate.
pub const PAUSE_BACKLOG_PER_MINUTE: u32 = 1_200;
/// Longest pause in sending during which a worker keeps a lane. Before a longer pause it releases the lane.
pub const PAUSE_LEASED_MS_MAX: u64 = 1_000;
/// Failed attempts in a row after which a webhook's attempts are spaced out.
pub const BREAKER_FAILURES: u32 = 20;
/// First space between two spaced-out attempts. It doubles with each further failure.
pub const BREAKER_PAUSE_MS_MIN: u64 = 1_000;
/// Longest space between two spaced-out attempts.
pub const BREAKER_PAUSE_MS_MAX: u64 = 60_000;

/// Largest excess of a stored time over the longest space between two attempts. A later time was written by a clock
/// that was far ahead, and is not waited for.
pub const PACE_AHEAD_MS: u64 = 1_800_000;

/// Claims of a lane without a release after which the lane shares its worker with few other lanes.
pub const QUARANTINE_FEW_CLAIMS: u32 = 2;
/// Lanes that a worker leases in all, if one of them has `QUARANTINE_FEW_CLAIMS` claims.
pub const QUARANTINE_LANES_MAX: usize = 16;
/// Claims of a lane without a release after which the lane is in quarantine: it is its worker's only one, and has one
/// delivery in flight.
pub const QUARANTINE_ALONE_CLAIMS: u32 = 3;
/// Claims of a lane without a release after which the delivery that was alone in the last of them ends as failed.
pub const QUARANTINE_FAILED_CLAIMS: u32 = 6;
/// Longest time for which a lane with `QUARANTINE_FEW_CLAIMS` claims or more waits for a worker that has too many other
/// lanes. Then the worker leases no more of them.
pub const QUARANTINE_WAIT_MS: u64 = 10_000;
/// Running jobs that send again, and running erasures, of one tenant.
pub const JOBS_RUNNING_MAX: usize = 20;
/// Latest jobs of a tenant that are looked at to count the running ones.
pub const JOBS_COUNTED_MAX: u32 = 200;
/// Timers of jobs that cannot be decoded, which one call passes over after it has reported them.
pub const JOBS_UNREADABLE_MAX: usize = 256;
/// Due jobs that a worker remembers.
pub const JOBS_DUE_MAX: usize = 32;
/// Due jobs of one tenant that a worker remembers.
pub const JOBS_DUE_OF_TENANT_MAX: usize = 8;
/// Steps of one job that a worker makes before it looks for another job.
pub const JOB_STEPS_MAX: u32 = 16;
/// Claims of a job without a step after which a step looks at one item at a time.
pub const JOB_SINGLE_CLAIMS: u32 = 3;
/// Claims of a job without a step after which that item is left out.
pub const JOB_SKIP_CLAIMS: u32 = 6;
/// Claims of a job without a step after which a job that sends again ends as failed.
pub const JOB_FAILED_CLAIMS: u32 = 12;
/// Lease of a job, renewed with each step.
pub const JOB_LEASE_MS: u64 = 10_000;
/// First pause of a job that waits for other work to end.
pub const JOB_PAUSE_MS: u64 = 1_000;
/// Longest pause of a job that waits for other work to end.
pub const JOB_PAUSE_MS_MAX: u64 = 60_000;
/// Redeliveries that one step of a job asks for.
pub const JOB_STEP_REDELIVERIES_MAX: usize = 50;
/// Length of all messages of one step's redeliveries together. Each message is written again.
pub const JOB_STEP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Attempts or messages that one step of a job scans.
pub const JOB_STEP_SCANNED_MAX: u32 = 200;
/// Longest time for which one step of a job scans. Deliveries wait meanwhile.
pub const JOB_STEP_MS_MAX: u64 = 250;
/// Rows of recent attempts, or of routed messages, that one step of a job reads in one page.
pub const JOB_ROWS_MAX: u32 = 8;
/// Time after a replay's request during which messages are still scanned, because clocks differ.
pub const REPLAY_AFTER_MS: u64 = 3_600_000;
/// Messages that one step of a job reads in one call.
pub const JOB_MESSAGES_MAX: usize = 16;
/// Attempts of a delivery that a job looks at to see if it has asked for the delivery before.
pub const JOB_ATTEMPT_ROWS_MAX: u32 = 100;
/// Due rows in a webhook's queue at which a job asks for no more redeliveries until there are fewer.
pub const JOB_QUEUED_ROWS_MAX: u32 = 64;
/// Rows of attempts that one step of a purge removes.
pub const JOB_PURGE_ROWS_MAX: u32 = 200;

/// Time for which messages are kept with their attempts, counted from their routing, unless the host configures another.
/// A message with a waiting delivery is kept longer.
pub const RETENTION_S: u32 = 30 * 24 * 3_600;
/// Shortest pause between two passes of retention or redaction.
pub const RETENTION_PAUSE_MS_MIN: u64 = 5_000;
/// Longest pause between two passes of retention.
pub const RETENTION_PAUSE_MS_MAX: u64 = 3_600_000;
/// Longest pause between two passes of redaction, for a tenant without new messages.
pub const REDACTION_PAUSE_MS_MAX: u64 = 600_000;
/// Key ranges that one step of a pass looks into.
pub const RETENTION_RANGES_MAX: usize = 16;
/// Messages that one step of a pass looks at.
pub const RETENTION_MESSAGES_MAX: usize = 16;
/// Longest time for which one step of a pass looks at messages.
pub const RETENTION_STEP_MS: u64 = 100;
/// Attempts that one step of a pass removes. A message with more attempts takes several steps.
pub const RETENTION_ATTEMPTS_MAX: usize = 400;
/// Rows of attempts, or jobs, that one step of a pass looks at.
pub const RETENTION_ROWS_MAX: u32 = 200;

/// Messages that one step of an erasure looks at.
pub const ERASE_MESSAGES_MAX: u32 = 16;
/// Rows of recent attempts, or of routed messages, that one step of an erasure looks at. Each row names up to 100
/// messages.
pub const ERASE_ROWS_MAX: u32 = 8;
/// Phase of an erasure in which only its tombstones are left, counted from 0.
pub const ERASE_TOMBSTONE_PHASE: u32 = 7;
/// Time for which an erasure keeps its tombstones. The commit that accepted a message may still arrive a second time.
pub const ERASE_TOMBSTONE_MS: u64 = 600_000;

/// Time for which a commit is submitted again while its outcome is unknown, unless a lease sets another.
pub const COMMIT_MS_MAX: u64 = 2_000;
/// Largest difference between the clocks of two workers. With a larger one, work is delayed or repeated, but never
/// lost.
pub const CLOCK_SKEW_MS_MAX: u64 = 60_000;
/// Time by which a lease outlives the last request that is sent under it.
pub const LEASE_MARGIN_MS: u64 = 3_000;
/// Time after a request's timeout at which a request whose completion never came counts as failed.
pub const COMPLETION_MARGIN_MS: u64 = 2_000;
const _: () = assert!(COMPLETION_MARGIN_MS < LEASE_MARGIN_MS, "a lost completion is recorded within the lease");
/// Time before the end of a lease at which a commit of its attempts is no longer submitted again.
pub const SETTLE_MARGIN_MS: u64 = 500;
/// Time for which a lane sends under one lease.
pub const LEASE_SENDING_MS: u64 = 5_000;
/// Lease of an inbox shard.
pub const SHARD_LEASE_MS: u64 = 5_000;
/// Longest lease.
pub const LEASE_MS_MAX: u64 = TIMEOUT_MS_MAX as u64 + LEASE_MARGIN_MS + LEASE_SENDING_MS;
/// Pause before a webhook is looked at again that cannot be used, because its sealing key is not configured.
pub const UNUSABLE_MS: u64 = 60_000;
/// Pause before a worker repeats a commit of attempts that failed.
pub const STALL_MS: u32 = 200;
/// Repetitions of a commit of attempts before the worker gives up. The deliveries are then sent again.
pub const STALLS_MAX: u32 = 50;
/// Longest time for which a call of `deliver` continues after it has met a problem. Its report tells the operator.
pub const PROBLEMS_REPORT_MS: u64 = 300_000;
/// Extension of that time for each unit of a number that the call draws below the number of inbox shards, so that
/// workers do not all report together.
pub const PROBLEMS_SPREAD_MS: u64 = 10_000;
/// Problems with stored rows that one call of `deliver` reports.
pub const PROBLEMS_TOLD_MAX: usize = 20;
/// Longest time before a worker looks for work again. An event that is accepted inside a transaction sends no signal.
pub const POLL_MS: u32 = 1_000;

const _: () = assert!(EVENT_BYTES_MAX + 4_096 < VALUE_BYTES_MAX, "an event and its envelope fit one value");
const _: () = assert!(BODY_BYTES_MAX >= 6 * EVENT_BYTES_MAX, "any event fits in the style with the longest escapes");
const _: () = assert!(VALUE_BYTES_MAX < COMMIT_BYTES_MAX, "a value fits a commit");
const _: () = assert!(EVENTS_PER_CALL_MAX * 2 <= COMMIT_MUTATIONS_MAX, "a call's events are one commit");
const _: () = assert!(
    ROUTE_DELIVERIES_MAX * 2 + ROUTE_MESSAGES_MAX as usize + 1 + CLAIM_LANES_MAX * 2 <= COMMIT_MUTATIONS_MAX,
    "a routing commit fits: group and timer of each lane, or routed row of each tenant; inbox rows, shard, lease and old timer of \
     the leased lanes"
);
const _: () = assert!(
    SETTLE_ATTEMPTS_MAX * 6 + RELEASE_LANES_MAX * (LANE_TIMERS_MAX + 4) <= COMMIT_MUTATIONS_MAX,
    "a settling commit fits: queue row, attempt, retry, recent row, health and webhook; lane, armed timer, next timer, read timers"
);
const _: () = assert!(
    CLAIM_LANES_MAX * (LANE_TIMERS_MAX + 3) <= COMMIT_MUTATIONS_MAX,
    "a claiming commit fits: lane, armed timer, old timer, read timers"
);
const _: () = assert!(
    JOB_PURGE_ROWS_MAX as usize * 3 + 6 <= COMMIT_MUTATIONS_MAX,
    "a step of a purge fits: recent row, attempt and message of each test; lane, health, job, its timers"
);
const _: () = assert!(
    JOB_STEP_REDELIVERIES_MAX * 3 + 5 <= COMMIT_MUTATIONS_MAX
        && JOB_STEP_BYTES_MAX + VALUE_BYTES_MAX + JOB_STEP_REDELIVERIES_MAX * 16_384 <= COMMIT_BYTES_MAX,
    "a step with redeliveries fits: message, attempt and queue row of each; timer, job, its timers, shard"
);
const _: () = assert!(JOB_SINGLE_CLAIMS < JOB_SKIP_CLAIMS && JOB_SKIP_CLAIMS < JOB_FAILED_CLAIMS);
const _: () =
    assert!(JOB_ATTEMPT_ROWS_MAX as usize > 2 * SCHEDULE_WAITS_MAX, "a job finds the attempts that it asked for");
const _: () = assert!(
    ERASE_ROWS_MAX as usize * SETTLE_ATTEMPTS_MAX <= GET_KEYS_MAX
        && ERASE_ROWS_MAX as usize * ROUTE_MESSAGES_MAX as usize <= GET_KEYS_MAX
        && QUEUE_PAGE as usize * GROUP_DELIVERIES_MAX <= GET_KEYS_MAX,
    "the tombstones of a step's messages are one read"
);
const _: () = assert!(
    RETENTION_ATTEMPTS_MAX * 2 + RETENTION_MESSAGES_MAX + 8 <= COMMIT_MUTATIONS_MAX
        && RETENTION_ROWS_MAX <= JOB_PURGE_ROWS_MAX,
    "a step of a pass fits: attempts up to the limit and those of one more message, messages, routed rows, the job, its timers"
);
const _: () =
    assert!(SETTLE_MARGIN_MS < LEASE_MARGIN_MS, "a commit at the end of a lease has time for another submission");
const _: () = assert!(
    ROUTE_READ_MS_MAX + ROUTE_PLACES_MS_MAX + COMMIT_MS_MAX < SHARD_LEASE_MS,
    "a routing batch, its commit included, ends before its lease"
);
const _: () = assert!(SHARD_LEASE_MS <= LEASE_MS_MAX, "the longest lease bounds every lease");
const _: () = assert!(LANE_IN_FLIGHT_MAX <= LANE_IN_FLIGHT_CEILING && LANE_IN_FLIGHT_CEILING <= HOST_IN_FLIGHT_MAX);
const _: () =
    assert!(QUARANTINE_FEW_CLAIMS < QUARANTINE_ALONE_CLAIMS && QUARANTINE_ALONE_CLAIMS + 3 <= QUARANTINE_FAILED_CLAIMS);
const _: () = assert!(IN_FLIGHT_UNHEALTHY_MAX < IN_FLIGHT_MAX, "healthy lanes keep slots of their own");
const _: () = assert!(
    EVENTS_BYTES_MAX + EVENTS_PER_CALL_MAX * 8_192 <= COMMIT_BYTES_MAX,
    "a call's events, with what is stored around them, fit one commit"
);
