<?php

declare(strict_types=1);

namespace Hookwright\Support;

/**
 * Every bound of this host. Each name ends with its unit.
 *
 * @internal
 */
final class Limits
{
    /** The bounds of a storage call, the same as in `engine/src/support/limits.rs`. */
    public const KEY_BYTES_MAX = 255;
    public const VALUE_BYTES_MAX = 524_288;
    public const GET_KEYS_MAX = 1_000;
    public const SCAN_ENTRIES_MAX = 1_000;
    public const COMMIT_CHECKS_MAX = 1_000;
    public const COMMIT_MUTATIONS_MAX = 1_000;
    public const COMMIT_BYTES_MAX = 8_388_608;
    /** One byte more than a key, so that a bound can follow a key of full length. */
    public const BOUND_BYTES_MAX = self::KEY_BYTES_MAX + 1;

    /** The bounds of an event, the same as in `engine/src/support/limits.rs`. The intake refuses a row that exceeds them. */
    public const TENANT_BYTES_MAX = 64;
    public const EVENT_BYTES_MAX = 262_144;
    /** Events of one `onEvents`. */
    public const EVENTS_PER_CALL_MAX = 100;

    /** Bytes of one SQL statement with several rows. MySQL's `max_allowed_packet` is 16 times as much by default. */
    public const STATEMENT_BYTES_MAX = 1_048_576;
    /** Retries of a `CREATE TABLE` that fails because another session creates the same table. */
    public const SCHEMA_RETRIES_MAX = 5;

    /** Retries of a batch of the intake of which another reader has some rows. */
    public const INTAKE_RETRIES_MAX = 10;

    /** Lines about refused rows that a reader keeps until they are taken. */
    public const INTAKE_REFUSED_MAX = 1_000;

    /** Duration of one `deliver` of a worker, in milliseconds. Between two, the worker checks its own bounds. */
    public const WORKER_BUDGET_MS = 5_000;
    /** The same for a worker that also reads the intake. It bounds how long a row waits while many deliveries are due. */
    public const WORKER_BUDGET_WITH_INTAKE_MS = 1_000;
    /** Rows that a worker takes from the intake before each `deliver`. */
    public const WORKER_INTAKE_ROWS_MAX = 1_000;
    /** Time between two looks at the intake while nothing else is due, in milliseconds. */
    public const WORKER_INTAKE_POLL_MS = 250;
    /** Pause after a `deliver` that did nothing although work is due: another worker has leased it. In milliseconds. */
    public const WORKER_YIELD_MS = 10;
    /** First pause after a failure, in milliseconds. It doubles with each failure, up to the maximum. */
    public const WORKER_BACKOFF_MS_MIN = 100;
    public const WORKER_BACKOFF_MS_MAX = 5_000;
    /** Memory of the process at which a worker ends, in bytes, unless another is configured. */
    public const WORKER_MEMORY_BYTES_MAX = 268_435_456;
    /** Time without a success after which a worker gives up, in seconds. A new process gets a new connection. */
    public const WORKER_FAILING_S_MAX = 30;

    /** The largest number that fits in 32 bits: the bound of numbers in calls and on the command line. */
    public const U32_MAX = 4_294_967_295;

    /** Bytes of a request's body at the management API. */
    public const BODY_BYTES_MAX = 1_048_576;
}
