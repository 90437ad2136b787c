//! Every bound of the engine, in one place, each with its unit in its name.

/// Size of a storage key: the longest that MySQL and MariaDB index as `VARCHAR(255)`.
pub const KEY_BYTES_MAX: usize = 255;
/// Size of a stored value. The largest event fits, with everything stored around it.
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

/// Size of one event, as the host passes it.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Events of one `on-events` together, because they are one commit.
pub const EVENTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Events of one `on-events`.
pub const EVENTS_PER_CALL_MAX: usize = 100;
/// Nesting of arrays and objects in an event.
pub const JSON_DEPTH_MAX: usize = 64;
/// Size of a platform's event id.
pub const EVENT_ID_BYTES_MAX: usize = 256;
/// Size of an event type or a pattern.
pub const EVENT_TYPE_BYTES_MAX: usize = 128;
/// Dot-separated parts of an event type. Each costs one index range when the event is routed.
pub const EVENT_TYPE_PARTS_MAX: usize = 8;
/// Size of a payload in its profile's style. A style with indentation or escapes makes it several times as large as the
/// event, and deep nesting would make it hundreds of times as large.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Size of a payload as a query. Receivers accept far less. Without a bound, long keys over many leaves would fill the
/// memory.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// Size of a host's own profile.
pub const PROFILE_BYTES_MAX: usize = 256 * 1024;
/// Number of a host's own profiles.
pub const PROFILES_MAX: usize = 32;
/// Size of a profile's name.
pub const PROFILE_NAME_BYTES_MAX: usize = 32;
/// Event types in a profile's catalogue.
pub const PROFILE_EVENTS_MAX: usize = 1_000;
/// Members of one object of a profile's payload.
pub const PROFILE_MEMBERS_MAX: usize = 100;
/// Attributes that a profile hides.
pub const PROFILE_HIDDEN_MAX: usize = 100;

/// Size of a tenant's name.
pub const TENANT_BYTES_MAX: usize = 64;

/// Size of the id of the user that registered a webhook.
pub const USER_BYTES_MAX: usize = 256;
/// Submissions of a webhook's change while other changes of the tenant's webhooks conflict with it. One of several
/// concurrent changes always succeeds, so this many may be concurrent.
pub const SUBSCRIPTION_COMMITS_MAX: u32 = 500;
/// Length of a webhook's name.
pub const WEBHOOK_NAME_CHARS_MAX: usize = 255;
/// Size of a webhook's URL.
pub const URL_BYTES_MAX: usize = 2_048;
/// Webhooks of one tenant, unless the host configures another number.
pub const WEBHOOKS_PER_TENANT_MAX: u32 = 1_000;
/// Largest number of a tenant's webhooks that a host may configure.
pub const WEBHOOKS_PER_TENANT_CEILING: u32 = 1_000_000;
/// Patterns of one webhook.
pub const PATTERNS_PER_WEBHOOK_MAX: usize = 100;
/// Custom headers of one webhook.
pub const HEADERS_PER_WEBHOOK_MAX: usize = 20;
/// Size of a custom header's name.
pub const HEADER_NAME_BYTES_MAX: usize = 64;
/// Size of a custom header's value.
pub const HEADER_VALUE_BYTES_MAX: usize = 1_024;
/// Size of a typed secret. A `whsec_` secret has 24 to 64 bytes once decoded.
pub const SECRET_BYTES_MAX: usize = 256;
/// Secrets of one webhook that sign at the same time, during rotations.
pub const LIVE_SECRETS_MAX: usize = 10;
/// Longest time for which a rotated secret goes on signing.
pub const ROTATION_OVERLAP_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// Time for which a rotated secret goes on signing, unless the call says otherwise.
pub const ROTATION_OVERLAP_MS: u64 = 24 * 3_600_000;
/// Largest distance of a signed time from now, for a receiver: what the libraries of Standard Webhooks allow.
pub const TIMESTAMP_TOLERANCE_S: u64 = 300;
/// Waits of one schedule.
pub const SCHEDULE_WAITS_MAX: usize = 20;
/// Longest wait of a schedule.
pub const SCHEDULE_WAIT_S_MAX: u32 = 7 * 24 * 3_600;
/// Pages of a queue that a redelivery searches for its message.
pub const QUEUE_PAGES_SEARCHED_MAX: u32 = 1_000;
/// Number of a delivery's last attempt, redeliveries included: four digits, with room for one more schedule.
pub const ATTEMPT_NUMBER_MAX: u32 = 9_900;
/// Longest delay that a receiver's `Retry-After` may ask for.
pub const RETRY_AFTER_MS_MAX: u64 = 24 * 3_600_000;
/// Time of failures without a success after which a webhook is disabled, unless the host configures another.
pub const DISABLE_AFTER_S: u32 = 5 * 24 * 3_600;
/// Shortest timeout of an attempt.
pub const TIMEOUT_MS_MIN: u32 = 100;
/// Longest timeout of an attempt.
pub const TIMEOUT_MS_MAX: u32 = 30_000;
/// Size of a response's body that is read.
pub const RESPONSE_BYTES_MAX: u32 = 64 * 1024;
/// Length of a response's body that the attempt log keeps.
pub const EXCERPT_CHARS_MAX: usize = 1_024;

/// Inbox shards over which the tenants are spread.
pub const INBOX_SHARDS: u32 = 16;
/// Messages that one routing commit takes from an inbox.
pub const ROUTE_MESSAGES_MAX: u32 = 64;
/// Deliveries that one routing commit makes, and tenants that they belong to.
pub const ROUTE_DELIVERIES_MAX: usize = 400;
/// Routing commits of a worker before it looks after its lanes again.
pub const ROUTE_BATCHES_MAX: u32 = 4;
/// Deliveries of one queue row.
pub const GROUP_DELIVERIES_MAX: usize = 16;
/// Readings of a routing batch while subscriptions change, before it waits for the next pass.
pub const ROUTE_READS_MAX: u32 = 5;
/// Attempts that one settling commit records.
pub const SETTLE_ATTEMPTS_MAX: usize = 100;
/// Lanes that one commit claims.
pub const CLAIM_LANES_MAX: usize = 64;
/// Timers of one lane that one commit deletes. The next commit deletes the rest.
pub const LANE_TIMERS_MAX: usize = 8;
/// Lanes that one settling commit releases.
pub const RELEASE_LANES_MAX: usize = 32;
/// Timers in one page while a worker looks for lanes.
pub const TIMER_PAGE: u32 = 200;
/// Pages of timers that a worker reads in one pass.
pub const TIMER_PAGES_MAX: u32 = 10;
/// Queue rows that a worker reads from a lane at once.
pub const QUEUE_PAGE: u32 = 32;
/// Lanes whose queues a worker reads before it sends. With a slow store, leases would run out if it read more.
pub const LANES_READ_MAX: usize = 16;
/// Deliveries that a worker prepares at once. Their messages are read together.
pub const SEND_BATCH_MAX: usize = 64;
/// Deliveries without an attempt, of inactive or removed webhooks, that a worker ends at once beside those that it
/// sends.
pub const UNSENT_BATCH_MAX: usize = 16;
/// Requests in flight of one worker.
pub const IN_FLIGHT_MAX: usize = 512;
/// Requests in flight of one worker, for lanes without a recent success.
pub const IN_FLIGHT_UNHEALTHY_MAX: usize = IN_FLIGHT_MAX / 2;
/// Requests in flight of one worker, and lanes that it leases, for one tenant.
pub const TENANT_IN_FLIGHT_MAX: usize = IN_FLIGHT_MAX / 4 * 3;
/// Requests in flight of one worker, for one tenant's lanes without a recent success.
pub const TENANT_UNHEALTHY_MAX: usize = IN_FLIGHT_UNHEALTHY_MAX / 4 * 3;
/// Requests in flight of one lane, unless its webhook sets another number.
pub const LANE_IN_FLIGHT_MAX: usize = 8;
/// Largest number of requests in flight that a webhook may set.
pub const LANE_IN_FLIGHT_CEILING: usize = 64;
/// Requests in flight of one worker, to one host and port.
pub const HOST_IN_FLIGHT_MAX: usize = IN_FLIGHT_MAX / 4;
/// Largest rate that a webhook may ask for, in attempts a minute.
pub const RATE_PER_MINUTE_MAX: u32 = 60_000;
/// Longest pause of a lane that a worker leases. A lane with a longer one is released until it may send.
pub const PAUSE_LEASED_MS_MAX: u64 = 1_000;
/// Failed attempts in a row from which on a webhook's attempts are spaced out.
pub const BREAKER_FAILURES: u32 = 20;
/// First pause between two attempts of a failing webhook. It doubles with each further failure.
pub const BREAKER_PAUSE_MS_MIN: u64 = 1_000;
/// Longest pause between two attempts of a failing webhook.
pub const BREAKER_PAUSE_MS_MAX: u64 = 60_000;

/// Largest distance from now of the time before which a webhook is sent nothing. A later time comes from a clock that
/// was far ahead, and is ignored.
pub const PACE_AHEAD_MS: u64 = 1_800_000;

/// Claims of a lane that were not released, from which on its worker leases few other lanes.
pub const QUARANTINE_CLAIMS: u32 = 2;
/// Lanes that such a worker leases.
pub const QUARANTINE_LANES_MAX: usize = 16;
/// Claims of a lane that were not released, from which on a worker makes its deliveries alone, one at a time.
pub const QUARANTINE_ALONE_CLAIMS: u32 = 3;
/// Claims of a lane that were not released, after which the delivery that was quarantined in the last of them ends as
/// failed.
pub const QUARANTINE_FAILED_CLAIMS: u32 = 6;
/// Time for which a lane in quarantine waits for a worker that has other lanes, before that worker leases no more of
/// them.
pub const QUARANTINE_WAIT_MS: u64 = 10_000;
/// Running jobs of one tenant that send again, and running erasures.
pub const JOBS_RUNNING_MAX: usize = 20;
/// Latest jobs of a tenant among which the running ones are counted.
pub const JOBS_COUNTED_MAX: u32 = 200;
/// Timers of unreadable jobs that a run passes over once it has reported them.
pub const JOBS_UNREADABLE_MAX: usize = 256;
/// Due jobs that a worker remembers.
pub const JOBS_DUE_MAX: usize = 32;
/// Due jobs of one tenant that a worker remembers.
pub const JOBS_DUE_OF_TENANT_MAX: usize = 8;
/// Steps of one job that a worker makes before it looks for another job.
pub const JOB_STEPS_MAX: u32 = 16;
/// Times that workers take up a job without a step before they look at one thing at a time.
pub const JOB_SINGLE_CLAIMS: u32 = 3;
/// Times that workers take up a job without a step before that thing is left out.
pub const JOB_SKIP_CLAIMS: u32 = 6;
/// Times that workers take up a job without a step before a job that sends again ends as failed.
pub const JOB_FAILED_CLAIMS: u32 = 12;
/// Lease of a job from one step to the next.
pub const JOB_LEASE_MS: u64 = 10_000;
/// Pause of a job that waits for something else, before it looks again.
pub const JOB_PAUSE_MS: u64 = 1_000;
/// Longest pause of a job that waits for something else.
pub const JOB_PAUSE_MS_MAX: u64 = 60_000;
/// Deliveries that one step of a job sends again.
pub const JOB_STEP_REDELIVERIES_MAX: usize = 50;
/// Messages of one such step together, because each is put again.
pub const JOB_STEP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Attempts or messages that one step of a job looks at.
pub const JOB_STEP_SCANNED_MAX: u32 = 200;
/// Time that one step of a job looks, because deliveries wait meanwhile.
pub const JOB_STEP_MS_MAX: u64 = 250;
/// Index or routing rows that one step of a job reads at once.
pub const JOB_ROWS_MAX: u32 = 8;
/// Time after its call up to which a replay includes routed messages, by any clock.
pub const REPLAY_AFTER_MS: u64 = 3_600_000;
/// Messages that one step of a job reads at once.
pub const JOB_MESSAGES_MAX: usize = 16;
/// Attempts of a delivery that a job looks at, to see whether it has sent it again before.
pub const JOB_ATTEMPT_ROWS_MAX: u32 = 100;
/// Due rows of a webhook's queue at which a job that sends again waits.
pub const JOB_QUEUED_ROWS_MAX: u32 = 64;
/// Index rows of attempts that one step of a purge removes.
pub const JOB_PURGE_ROWS_MAX: u32 = 200;

/// Time for which messages and their attempts are kept once all deliveries have ended, unless the host configures
/// another.
pub const RETENTION_S: u32 = 30 * 24 * 3_600;
/// Shortest pause between two passes of retention or redaction.
pub const RETENTION_PAUSE_MS_MIN: u64 = 5_000;
/// Longest pause between two passes of retention.
pub const RETENTION_PAUSE_MS_MAX: u64 = 3_600_000;
/// Longest pause between two passes of redaction, where no event has come for long.
pub const REDACTION_PAUSE_MS_MAX: u64 = 600_000;
/// Ranges that one step of a pass looks into.
pub const RETENTION_RANGES_MAX: usize = 16;
/// Messages that one step of a pass looks at.
pub const RETENTION_MESSAGES_MAX: usize = 16;
/// Time that one step of a pass looks at messages.
pub const RETENTION_STEP_MS: u64 = 100;
/// Attempts that one step of a pass removes. A message with more is removed in several steps.
pub const RETENTION_ATTEMPTS_MAX: usize = 400;
/// Index rows of attempts, or jobs, that one step of a pass looks at.
pub const RETENTION_ROWS_MAX: u32 = 200;

/// Messages that one step of an erasure looks at.
pub const ERASE_MESSAGES_MAX: u32 = 16;
/// Index or routing rows that one step of an erasure looks at. Each names up to 100 messages.
pub const ERASE_ROWS_MAX: u32 = 8;
/// Phase of an erasure, counted from 0, in which only its tombstones are left.
pub const ERASE_TOMBSTONE_PHASE: u32 = 7;
/// Time for which an erasure keeps its tombstones, because the commit that accepted a message may arrive once more.
pub const ERASE_TOMBSTONE_MS: u64 = 600_000;

/// Largest difference of two workers' clocks. Beyond it work is delayed or repeated, never lost.
pub const CLOCK_SKEW_MS_MAX: u64 = 60_000;
/// Time by which a lease outlives its last request.
pub const LEASE_MARGIN_MS: u64 = 3_000;
/// Time after a request's timeout at which a request whose completion never came counts as failed, in milliseconds.
pub const COMPLETION_MARGIN_MS: u64 = 2_000;
const _: () = assert!(COMPLETION_MARGIN_MS < LEASE_MARGIN_MS, "a lost completion is recorded within the lease");
/// Time for which a lane goes on sending under one lease.
pub const LEASE_SENDING_MS: u64 = 5_000;
/// Lease of an inbox shard.
pub const SHARD_LEASE_MS: u64 = 5_000;
/// Longest lease of a lane.
pub const LEASE_MS_MAX: u64 = TIMEOUT_MS_MAX as u64 + LEASE_MARGIN_MS + LEASE_SENDING_MS;
/// Time after which a worker looks again at a webhook that cannot be opened, because its sealing key is not configured.
pub const UNUSABLE_MS: u64 = 60_000;
/// Time after which a worker that cannot record attempts tries again.
pub const STALL_MS: u32 = 200;
/// Times that it tries before it gives up. The attempts are then made again.
pub const STALLS_MAX: u32 = 50;
/// Longest time that a run of `deliver` goes on after it has met an unreadable row, because its report tells the
/// operator.
pub const PROBLEMS_REPORT_MS: u64 = 300_000;
/// Time by which that differs, times a number that each run draws below the number of inbox shards, so that not all
/// workers report at once.
pub const PROBLEMS_SPREAD_MS: u64 = 10_000;
/// Problems with stored rows that one run of `deliver` reports.
pub const PROBLEMS_TOLD_MAX: usize = 20;
/// Longest time until a worker looks again, because an event accepted inside a transaction signals nobody.
pub const POLL_MS: u32 = 1_000;

const _: () = assert!(EVENT_BYTES_MAX + 4_096 < VALUE_BYTES_MAX, "an event and its envelope fit one value");
const _: () = assert!(BODY_BYTES_MAX >= 6 * EVENT_BYTES_MAX, "any event fits in the style with the longest escapes");
const _: () = assert!(VALUE_BYTES_MAX < COMMIT_BYTES_MAX, "a value fits a commit");
const _: () = assert!(EVENTS_PER_CALL_MAX * 2 <= COMMIT_MUTATIONS_MAX, "a call's events are one commit");
const _: () = assert!(
    ROUTE_DELIVERIES_MAX * 2 + ROUTE_MESSAGES_MAX as usize + 1 + CLAIM_LANES_MAX * 2 <= COMMIT_MUTATIONS_MAX,
    "a routing commit fits: group and timer of each lane, or what was routed of a tenant; inbox rows, shard, lease and old timer \
     of the lanes taken"
);
const _: () = assert!(
    SETTLE_ATTEMPTS_MAX * 6 + RELEASE_LANES_MAX * (LANE_TIMERS_MAX + 4) <= COMMIT_MUTATIONS_MAX,
    "a settling commit fits: row, log, retry, recent, stat and webhook; lane, armed timer, next timer, timers seen"
);
const _: () = assert!(
    CLAIM_LANES_MAX * (LANE_TIMERS_MAX + 3) <= COMMIT_MUTATIONS_MAX,
    "a claiming commit fits: lane, armed timer, old timer, timers seen"
);
const _: () = assert!(
    JOB_PURGE_ROWS_MAX as usize * 3 + 6 <= COMMIT_MUTATIONS_MAX,
    "a step of a purge fits: record, attempt and message of each test; lane, health, job, its timers"
);
const _: () = assert!(
    JOB_STEP_REDELIVERIES_MAX * 3 + 5 <= COMMIT_MUTATIONS_MAX
        && JOB_STEP_BYTES_MAX + VALUE_BYTES_MAX + JOB_STEP_REDELIVERIES_MAX * 16_384 <= COMMIT_BYTES_MAX,
    "a step that asks fits: message, attempt and queue row of each; timer, job, its timers, shard"
);
const _: () = assert!(JOB_SINGLE_CLAIMS < JOB_SKIP_CLAIMS && JOB_SKIP_CLAIMS < JOB_FAILED_CLAIMS);
const _: () =
    assert!(JOB_ATTEMPT_ROWS_MAX as usize > 2 * SCHEDULE_WAITS_MAX, "a job finds the round that it asked for");
const _: () = assert!(
    ERASE_ROWS_MAX as usize * SETTLE_ATTEMPTS_MAX <= GET_KEYS_MAX
        && ERASE_ROWS_MAX as usize * ROUTE_MESSAGES_MAX as usize <= GET_KEYS_MAX
        && QUEUE_PAGE as usize * GROUP_DELIVERIES_MAX <= GET_KEYS_MAX,
    "the marks of a step's messages are one read"
);
const _: () = assert!(
    RETENTION_ATTEMPTS_MAX * 2 + RETENTION_MESSAGES_MAX + 8 <= COMMIT_MUTATIONS_MAX
        && RETENTION_ROWS_MAX <= JOB_PURGE_ROWS_MAX,
    "a step of a pass fits: attempts up to the bound and those of one message more, messages, what was routed, the job, its timers"
);
const _: () = assert!(SHARD_LEASE_MS <= LEASE_MS_MAX, "one bound of belief holds for every lease");
const _: () = assert!(LANE_IN_FLIGHT_MAX <= LANE_IN_FLIGHT_CEILING && LANE_IN_FLIGHT_CEILING <= HOST_IN_FLIGHT_MAX);
const _: () =
    assert!(QUARANTINE_CLAIMS < QUARANTINE_ALONE_CLAIMS && QUARANTINE_ALONE_CLAIMS + 3 <= QUARANTINE_FAILED_CLAIMS);
const _: () = assert!(IN_FLIGHT_UNHEALTHY_MAX < IN_FLIGHT_MAX, "proven lanes keep slots of their own");
const _: () = assert!(
    EVENTS_BYTES_MAX + EVENTS_PER_CALL_MAX * 8_192 <= COMMIT_BYTES_MAX,
    "a call's events, with what is stored around them, fit one commit"
);
