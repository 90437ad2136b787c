<?php

declare(strict_types=1);

namespace Hookwright\Internal;

/** Every bound of this host, each with its unit in its name. The first block is the contract's. */
final class Limits
{
    public const KEY_BYTES_MAX = 255;
    /** One byte more than a key: the first bound after a key of full length must be expressible. */
    public const BOUND_BYTES_MAX = self::KEY_BYTES_MAX + 1;
    public const VALUE_BYTES_MAX = 524_288;
    public const GET_KEYS_MAX = 1_000;
    public const SCAN_ENTRIES_MAX = 1_000;
    public const COMMIT_CHECKS_MAX = 1_000;
    public const COMMIT_MUTATIONS_MAX = 1_000;
    public const COMMIT_BYTES_MAX = 8_388_608;

    /** What one statement carries, as long as it is more than one row: far below MySQL's `max_allowed_packet`. */
    public const STATEMENT_BYTES_MAX = 1_048_576;
    /** Two sessions that create a table at once meet in the catalogue. */
    public const SCHEMA_TRIES_MAX = 5;

    /** The component's own bounds, so that what cannot become an event is not written down. */
    public const TENANT_BYTES_MAX = 64;
    public const EVENT_BYTES_MAX = 262_144;

    /** Events that one `onEvents` takes. */
    public const EVENTS_MAX = 100;
    /** How often a drain begins again where another had some of its rows, before it leaves them to that one. */
    public const DRAIN_TRIES_MAX = 10;

    /** One `deliver` of a worker: short enough for it to look at its bounds now and then. */
    public const WORKER_BUDGET_MS = 5_000;
    /** The same where it drains the intake too: what is reported there waits no longer while much is delivered. */
    public const WORKER_BUDGET_WITH_INTAKE_MS = 1_000;
    public const WORKER_DRAIN_ROWS_MAX = 1_000;
    /** How often the intake is looked at when nothing else is due. */
    public const WORKER_INTAKE_POLL_MS = 250;
    /** The pause when a call did nothing and yet says that there is work now: another worker has it. */
    public const WORKER_YIELD_MS = 10;
    /** The first pause after a failure. It doubles up to the next. */
    public const WORKER_BACKOFF_MS_MIN = 100;
    public const WORKER_BACKOFF_MS_MAX = 5_000;
    /** A worker that has had no success for so long gives up: a new process has a new connection. */
    public const WORKER_FAILING_S_MAX = 30;

    /** A request's body at the management API. */
    public const BODY_BYTES_MAX = 1_048_576;
}
