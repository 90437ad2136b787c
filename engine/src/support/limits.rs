//! Every bound of the engine, in one place, each with its unit in its name.

/// A storage key, in bytes: what MySQL and MariaDB index as `VARCHAR(255)`.
pub const KEY_BYTES_MAX: usize = 255;
/// A stored value, in bytes. An event with everything around it fits.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Mutations of one commit.
pub const COMMIT_MUTATIONS_MAX: usize = 1_000;
/// Checks of one commit.
pub const COMMIT_CHECKS_MAX: usize = 1_000;
/// Keys and values of one commit together, in bytes.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Keys of one `get`.
pub const GET_KEYS_MAX: usize = 1_000;
/// Entries of one `scan`.
pub const SCAN_ENTRIES_MAX: u32 = 1_000;

/// One event as the host hands it over, in bytes.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// The events of one `on-events` together, in bytes: they are one commit.
pub const EVENTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Events of one `on-events`.
pub const EVENTS_PER_CALL_MAX: usize = 100;
/// Nesting of arrays and objects in an event.
pub const JSON_DEPTH_MAX: usize = 64;
/// A caller's event id, in bytes.
pub const EVENT_ID_BYTES_MAX: usize = 256;
/// An event type or a pattern, in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 128;
/// Dot-separated parts of an event type: each costs one index range when it is routed.
pub const EVENT_TYPE_PARTS_MAX: usize = 8;
/// A payload in its profile's style, in bytes: a style with indentation or escapes makes several times the event's size of
/// it, and without a bound deep nesting would make hundreds of times.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// A payload as a query, in bytes. Receivers take far less; unbounded, long keys over many leaves would fill the memory.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// A profile of a host's own, in bytes.
pub const PROFILE_BYTES_MAX: usize = 256 * 1024;
/// Profiles of a host's own.
pub const PROFILES_MAX: usize = 32;
/// A profile's name, in bytes.
pub const PROFILE_NAME_BYTES_MAX: usize = 32;
/// Event types of a profile's catalogue.
pub const PROFILE_EVENTS_MAX: usize = 1_000;
/// Members of one object of a profile's payload.
pub const PROFILE_MEMBERS_MAX: usize = 100;
/// Attributes that a profile hides.
pub const PROFILE_HIDDEN_MAX: usize = 100;

/// A tenant's name, in bytes.
pub const TENANT_BYTES_MAX: usize = 64;

/// Who registered a webhook, in bytes.
pub const USER_BYTES_MAX: usize = 256;
/// How often a change of a webhook is tried again because another one of the tenant's came between. One of those that try at
/// once always succeeds, so this is how many may.
pub const SUBSCRIPTION_COMMITS_MAX: u32 = 500;
/// A webhook's name, in characters.
pub const WEBHOOK_NAME_CHARS_MAX: usize = 255;
/// A webhook's URL, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;
/// Webhooks of one tenant, unless the host's configuration says another number.
pub const WEBHOOKS_PER_TENANT_MAX: u32 = 1_000;
/// The most that a host's configuration may allow.
pub const WEBHOOKS_PER_TENANT_CEILING: u32 = 1_000_000;
/// Patterns of one webhook.
pub const PATTERNS_PER_WEBHOOK_MAX: usize = 100;
/// Custom headers of one webhook.
pub const HEADERS_PER_WEBHOOK_MAX: usize = 20;
/// A custom header's name, in bytes.
pub const HEADER_NAME_BYTES_MAX: usize = 64;
/// A custom header's value, in bytes.
pub const HEADER_VALUE_BYTES_MAX: usize = 1_024;
/// A typed secret, in bytes (a `whsec_` secret has its own rule: 24 to 64 bytes once decoded).
pub const SECRET_BYTES_MAX: usize = 256;
/// Secrets of one webhook that sign at the same time, during rotations.
pub const LIVE_SECRETS_MAX: usize = 10;
/// How long a rotated secret goes on signing, at most: 7 days.
pub const ROTATION_OVERLAP_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// How long a rotated secret goes on signing unless said otherwise: 24 hours.
pub const ROTATION_OVERLAP_MS: u64 = 24 * 3_600_000;
/// How far from the present a signed time may be for a receiver, in seconds: what Standard Webhooks' libraries allow.
pub const TIMESTAMP_TOLERANCE_S: u64 = 300;
/// Waits of one schedule.
pub const SCHEDULE_WAITS_MAX: usize = 20;
/// One wait of a schedule: 7 days, in seconds.
pub const SCHEDULE_WAIT_S_MAX: u32 = 7 * 24 * 3_600;
/// Pages of a queue that a redelivery looks through for its message.
pub const QUEUE_PAGES_SEARCHED_MAX: u32 = 1_000;
/// The number of a delivery's last attempt, redeliveries included. Four digits, with room for one more schedule.
pub const ATTEMPT_NUMBER_MAX: u32 = 9_900;
/// How far a receiver's `Retry-After` can push an attempt back: 24 hours.
pub const RETRY_AFTER_MS_MAX: u64 = 24 * 3_600_000;
/// How long a webhook may fail without a success until it is disabled, unless the host's configuration says otherwise: 5 days.
pub const DISABLE_AFTER_S: u32 = 5 * 24 * 3_600;
/// The shortest timeout of an attempt.
pub const TIMEOUT_MS_MIN: u32 = 100;
/// The longest timeout of an attempt.
pub const TIMEOUT_MS_MAX: u32 = 30_000;
/// How much of a response is read.
pub const RESPONSE_BYTES_MAX: u32 = 64 * 1024;
/// How much of a response's body the attempt log keeps, in characters.
pub const EXCERPT_CHARS_MAX: usize = 1_024;

/// How many inboxes the tenants are spread over.
pub const INBOX_SHARDS: u32 = 16;
/// Messages that one routing commit takes from an inbox.
pub const ROUTE_MESSAGES_MAX: u32 = 64;
/// Deliveries that one routing commit makes, and the tenants that they are of.
pub const ROUTE_DELIVERIES_MAX: usize = 400;
/// Routing commits that a pump makes before it looks after its lanes again.
pub const ROUTE_BATCHES_MAX: u32 = 4;
/// Deliveries that one queue row names.
pub const GROUP_DELIVERIES_MAX: usize = 16;
/// How often a routing batch is read again because subscriptions changed meanwhile, before it waits for the next look.
pub const ROUTE_READS_MAX: u32 = 5;
/// Attempts that one settling commit records.
pub const SETTLE_ATTEMPTS_MAX: usize = 100;
/// Lanes that one commit claims.
pub const CLAIM_LANES_MAX: usize = 64;
/// Wakes of one lane that one commit deletes; the rest is deleted by the next.
pub const LANE_TIMERS_MAX: usize = 8;
/// Lanes that one settling commit releases.
pub const RELEASE_LANES_MAX: usize = 32;
/// Signal rows read in one page while looking for lanes.
pub const TIMER_PAGE: u32 = 200;
/// Pages of timer rows read in one look.
pub const TIMER_PAGES_MAX: u32 = 10;
/// Queue rows read from a lane at once.
pub const QUEUE_PAGE: u32 = 32;
/// Lanes whose queues a pump reads before it sends what it found: with a slow store, their leases would run out.
pub const LANES_READ_MAX: usize = 16;
/// Deliveries that a pump prepares at once: their messages are read together.
pub const SEND_BATCH_MAX: usize = 64;
/// Deliveries that need no attempt, of inactive webhooks or such that are gone, which a pump ends at once while it sends others.
pub const UNSENT_BATCH_MAX: usize = 16;
/// Requests in flight of one worker.
pub const IN_FLIGHT_MAX: usize = 512;
/// Of these, at most so many for lanes that have not had a success lately.
pub const IN_FLIGHT_UNHEALTHY_MAX: usize = IN_FLIGHT_MAX / 2;
/// Of these, at most so many for one tenant, and as many lanes.
pub const TENANT_IN_FLIGHT_MAX: usize = IN_FLIGHT_MAX / 4 * 3;
/// Of one tenant's, at most so many for lanes that have not had a success lately.
pub const TENANT_UNHEALTHY_MAX: usize = IN_FLIGHT_UNHEALTHY_MAX / 4 * 3;
/// Requests in flight of one lane, unless its webhook says another number.
pub const LANE_IN_FLIGHT_MAX: usize = 8;
/// The most that a webhook may say.
pub const LANE_IN_FLIGHT_CEILING: usize = 64;
/// Requests in flight to one host and port, of one worker.
pub const HOST_IN_FLIGHT_MAX: usize = IN_FLIGHT_MAX / 4;
/// The largest rate that a webhook may ask for, in attempts per minute.
pub const RATE_PER_MINUTE_MAX: u32 = 60_000;
/// A lane that may not send for longer than this is given back until it may.
pub const PAUSE_LEASED_MS_MAX: u64 = 1_000;
/// Failed attempts in a row from which a webhook's attempts are spaced out.
pub const BREAKER_FAILURES: u32 = 20;
/// The first space between two of them. It doubles with each further failure.
pub const BREAKER_PAUSE_MS_MIN: u64 = 1_000;
/// The longest space between two of them.
pub const BREAKER_PAUSE_MS_MAX: u64 = 60_000;

/// A space between two attempts that ends later than this after the longest one is the work of a clock that was far ahead, and
/// is not waited for, in milliseconds.
pub const PACE_AHEAD_MS: u64 = 1_800_000;

/// Claims of a lane that were not given back, from which on it shares a worker with few others.
pub const QUARANTINE_CLAIMS: u32 = 2;
/// How many lanes such a worker holds.
pub const QUARANTINE_LANES_MAX: usize = 16;
/// Claims of a lane that were not given back, from which on it is worked on alone, one delivery at a time.
pub const QUARANTINE_ALONE_CLAIMS: u32 = 3;
/// Claims of a lane that were not given back, after which the delivery that was alone in the last of them ends as failed.
pub const QUARANTINE_FAILED_CLAIMS: u32 = 6;
/// How long a lane that wants to be alone, or with few others, waits for a worker that has others, before it takes no more of them.
pub const QUARANTINE_WAIT_MS: u64 = 10_000;
/// Jobs that send again which a tenant may have running at once, and erasures.
pub const JOBS_RUNNING_MAX: usize = 20;
/// The latest jobs of a tenant, among which they are counted.
pub const JOBS_COUNTED_MAX: u32 = 200;
/// Wakes of jobs that cannot be read, which a call passes over once it has told them.
pub const JOBS_UNREADABLE_MAX: usize = 256;
/// Jobs that a pump remembers to be due.
pub const JOBS_DUE_MAX: usize = 32;
/// Of one tenant.
pub const JOBS_DUE_OF_TENANT_MAX: usize = 8;
/// Steps of one job that a pump makes before it looks for another one.
pub const JOB_STEPS_MAX: u32 = 16;
/// How often pumps take up a job without making a step, before they look at one thing at a time.
pub const JOB_SINGLE_CLAIMS: u32 = 3;
/// How often they do so before that thing is left out.
pub const JOB_SKIP_CLAIMS: u32 = 6;
/// How often they do so before a job that sends again ends as failed.
pub const JOB_FAILED_CLAIMS: u32 = 12;
/// How long a pump keeps a job from one step to the next, in milliseconds.
pub const JOB_LEASE_MS: u64 = 10_000;
/// How long a job waits for something else to be done before it looks again, in milliseconds.
pub const JOB_PAUSE_MS: u64 = 1_000;
/// How long it waits at most where that takes long, in milliseconds.
pub const JOB_PAUSE_MS_MAX: u64 = 60_000;
/// Deliveries that one step of a job asks for.
pub const JOB_STEP_REDELIVERIES_MAX: usize = 50;
/// Their messages together, in bytes: each is put again.
pub const JOB_STEP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Attempts or messages that one step of a job looks at.
pub const JOB_STEP_SCANNED_MAX: u32 = 200;
/// How long one step of a job looks, in milliseconds: deliveries wait meanwhile.
pub const JOB_STEP_MS_MAX: u64 = 250;
/// Records, of attempts or of routing, that one step of a job reads at once.
pub const JOB_ROWS_MAX: u32 = 8;
/// A replay goes through what was routed up to so long after it was asked for, by anybody's clock, in milliseconds.
pub const REPLAY_AFTER_MS: u64 = 3_600_000;
/// Messages that one step of a job reads at once.
pub const JOB_MESSAGES_MAX: usize = 16;
/// Attempts of a delivery that a job looks at to see whether it has asked for it before.
pub const JOB_ATTEMPT_ROWS_MAX: u32 = 100;
/// Rows of a webhook's queue that are due at which a job asks for nothing more until they are fewer.
pub const JOB_QUEUED_ROWS_MAX: u32 = 64;
/// Records of attempts that one step of a purge removes.
pub const JOB_PURGE_ROWS_MAX: u32 = 200;

/// How long messages and their attempts are kept once all deliveries have ended, unless the host's configuration says otherwise:
/// 30 days.
pub const RETENTION_S: u32 = 30 * 24 * 3_600;
/// Between two passes over what is kept, at least, in milliseconds.
pub const RETENTION_PAUSE_MS_MIN: u64 = 5_000;
/// Between two passes over what is kept, at most, in milliseconds.
pub const RETENTION_PAUSE_MS_MAX: u64 = 3_600_000;
/// The longest of them where a tenant keeps no bodies and nothing has come for long.
pub const REDACTION_PAUSE_MS_MAX: u64 = 600_000;
/// Ranges that one step of a pass looks into.
pub const RETENTION_RANGES_MAX: usize = 16;
/// Messages that one step of a pass looks at.
pub const RETENTION_MESSAGES_MAX: usize = 16;
/// For so long a step of a pass looks at messages, in milliseconds.
pub const RETENTION_STEP_MS: u64 = 100;
/// Attempts that a step of a pass removes. A message with more of them goes in several steps.
pub const RETENTION_ATTEMPTS_MAX: usize = 400;
/// Records of attempts, or jobs, that a step of a pass looks at.
pub const RETENTION_ROWS_MAX: u32 = 200;

/// Messages that one step of an erasure looks at.
pub const ERASE_MESSAGES_MAX: u32 = 16;
/// Records of attempts, or of what was routed, that one step of an erasure looks at: each names up to 100 messages.
pub const ERASE_ROWS_MAX: u32 = 8;
/// The phase of an erasure in which only that is left to be waited for, counted from 0.
pub const ERASE_TOMBSTONE_PHASE: u32 = 7;
/// For so long an erasure keeps the ids of its messages, in milliseconds: the commit that has accepted one may arrive once more.
pub const ERASE_TOMBSTONE_MS: u64 = 600_000;

/// How far two workers' clocks may disagree. Beyond it work is delayed or repeated, never lost.
pub const CLOCK_SKEW_MS_MAX: u64 = 60_000;
/// What a lease outlives the last request that it may still see, in milliseconds.
pub const LEASE_MARGIN_MS: u64 = 3_000;
/// How long a lane goes on sending under one lease, in milliseconds.
pub const LEASE_SENDING_MS: u64 = 5_000;
/// The lease of an inbox shard, in milliseconds.
pub const SHARD_LEASE_MS: u64 = 5_000;
/// The longest lease there can be.
pub const LEASE_MS_MAX: u64 = TIMEOUT_MS_MAX as u64 + LEASE_MARGIN_MS + LEASE_SENDING_MS;
/// A webhook that can't be opened, because its sealing key is not configured, is looked at again after so long.
pub const UNUSABLE_MS: u64 = 60_000;
/// A pump that can't record what came back tries again after so long.
pub const STALL_MS: u32 = 200;
/// How often it does so before it gives up; what came back is then sent again.
pub const STALLS_MAX: u32 = 50;
/// A call of `deliver` that has met one goes on for so long at most, in milliseconds: its report is what tells the operator.
pub const PROBLEMS_REPORT_MS: u64 = 300_000;
/// So much longer, times a number that each call draws, below that of the inbox's shards: not all workers report at once.
pub const PROBLEMS_SPREAD_MS: u64 = 10_000;
/// Problems with stored rows that one call of `deliver` tells.
pub const PROBLEMS_TOLD_MAX: usize = 20;
/// A pump looks again at the latest after so long: an event accepted inside a transaction announces itself to nobody.
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
