<?php

declare(strict_types=1);

namespace Hookwright;

use Hookwright\Database\Connection;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Exception\TrapException;
use Hookwright\Sql\IntakeRow;
use Hookwright\Sql\IntakeTable;
use Hookwright\Sql\LazyStorage;
use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Limits;
use RuntimeException;

/**
 * Accepts the events in the rows of the intake, in the order of their ids.
 *
 * A row is removed in the transaction that accepts its event, so each row becomes one event even if a process crashes. Any number of
 * processes may read at the same time.
 */
final class IntakeReader
{
    /** @var list<string> lines about refused rows */
    private array $refused = [];

    private function __construct(private readonly Hookwright $hookwright, private readonly SqlStorage|LazyStorage $storage)
    {
    }

    /** Returns the reader of the intake in the database of a `Hookwright`. */
    public static function of(Hookwright $hookwright): self
    {
        $storage = $hookwright->storage();
        return $storage instanceof SqlStorage || $storage instanceof LazyStorage
            ? new self($hookwright, $storage)
            : throw new InvalidException('storage', 'is not an SqlStorage', 'use a store in SQL: the intake is in the same database');
    }

    /**
     * Creates the table, outside any transaction.
     *
     * @throws StorageException if the database refused
     */
    public function createSchema(): void
    {
        $storage = $this->storage();
        $storage->createTables(IntakeTable::schema($storage->connection()->dialect()));
    }

    /**
     * Accepts events until no row is left. A row that is no valid event stays in the table with the reason, and is logged if the
     * configuration has a logger.
     *
     * @param int $rowsMax the maximum number of accepted events
     * @return int the number of accepted events, without refused rows
     * @throws HookwrightException if the store failed; the remaining rows stay for the next call
     */
    public function accept(int $rowsMax = PHP_INT_MAX): int
    {
        try {
            return $this->acceptRows($rowsMax);
        } catch (StorageException $error) {
            throw $error->toHookwrightException();
        }
    }

    /**
     * Returns a line for each row that was refused since the last call of this method, with the row's id, the tenant and the reason.
     *
     * @return list<string>
     */
    public function takeRefused(): array
    {
        $refused = $this->refused;
        $this->refused = [];
        return $refused;
    }

    private function acceptRows(int $rowsMax): int
    {
        if ($this->storage()->inTransaction()) {
            throw new ConflictException(null, '`accept` within an open transaction', 'call it after the commit');
        }
        $accepted = 0;
        for ($retries = 0; $accepted < $rowsMax && $retries < Limits::INTAKE_RETRIES_MAX;) {
            $limit = min($rowsMax - $accepted, Limits::EVENTS_PER_CALL_MAX);
            $oldest = static fn (Connection $connection): array => IntakeTable::oldest($connection, $limit);
            $rows = $this->storage()->withConnection($oldest);
            if ($rows === []) {
                break;
            }
            $inBatch = $this->acceptBatch($rows);
            $accepted += $inBatch ?? 0;
            // Another reader that has some of the rows accepts them.
            $retries = $inBatch === null ? $retries + 1 : 0;
        }
        return $accepted;
    }

    /**
     * @param non-empty-list<IntakeRow> $rows
     * @return ?int the number of accepted events; null if another reader has some of the rows
     */
    private function acceptBatch(array $rows): ?int
    {
        try {
            return $this->acceptTogether($rows) ? count($rows) : null;
        } catch (InvalidException | TooLargeException | ConflictException | TrapException) {
            return $this->acceptOneByOne($rows);
        }
    }

    /**
     * @param non-empty-list<IntakeRow> $rows
     * @return int the number of accepted events
     */
    private function acceptOneByOne(array $rows): int
    {
        $accepted = 0;
        $trap = null;
        foreach ($rows as $row) {
            try {
                $accepted += $this->acceptTogether([$row]) ? 1 : 0;
            } catch (InvalidException | TooLargeException | ConflictException $error) {
                // The call has one event.
                $reason = (string) preg_replace('/^events\[0\](\.|: )/', '', $error->getMessage());
                $refuse = static fn (Connection $connection) => IntakeTable::refuse($connection, $row, $reason);
                if ($this->storage()->withConnection($refuse) > 0) {
                    $this->noteRefused($row, $reason);
                }
            } catch (TrapException $error) {
                // The row stays. The rows behind it do not wait for it.
                $trap = $error;
            }
        }
        return $trap === null ? $accepted : throw $trap;
    }

    /**
     * Accepts the events of rows and removes the rows, in one transaction.
     *
     * @param non-empty-list<IntakeRow> $rows
     * @return bool false if some rows were missing; nothing is changed then
     */
    private function acceptTogether(array $rows): bool
    {
        $byTenant = [];
        foreach ($rows as $row) {
            $key = $row->tenant === null ? 'none' : "tenant $row->tenant";
            $byTenant[$key]['tenant'] = $row->tenant;
            $byTenant[$key]['events'][] = $row->eventWithTime();
        }
        $missing = new RuntimeException('another reader has some of the rows');
        try {
            $this->storage()->transaction(function (Connection $connection) use ($rows, $byTenant, $missing): array {
                if (IntakeTable::remove($connection, $rows) !== count($rows)) {
                    throw $missing;
                }
                foreach ($byTenant as ['tenant' => $tenant, 'events' => $events]) {
                    $this->hookwright->onEvents($events, $tenant);
                }
                return [];
            });
            return true;
        } catch (RuntimeException $error) {
            return $error === $missing ? false : throw $error;
        }
    }

    private function noteRefused(IntakeRow $row, string $reason): void
    {
        $tenant = $row->tenant === null ? 'no tenant' : "tenant `$row->tenant`";
        $line = "the row $row->id of the intake ($tenant) is refused: $reason";
        // A caller may never take the lines.
        $this->refused = [...array_slice($this->refused, 1 - Limits::INTAKE_REFUSED_MAX), $line];
        $this->hookwright->logIfConfigured('warning', $line);
    }

    private function storage(): SqlStorage
    {
        return $this->storage instanceof LazyStorage ? $this->storage->storage() : $this->storage;
    }
}
