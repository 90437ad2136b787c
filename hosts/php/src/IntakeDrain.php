<?php

declare(strict_types=1);

namespace Hookwright;

use Hookwright\Database\Connection;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Exception\TrapException;
use Hookwright\Internal\IntakeRow;
use Hookwright\Internal\IntakeTable;
use Hookwright\Internal\Limits;
use Hookwright\Storage\LazyStorage;
use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\StorageException;

/**
 * Makes events of the rows of the intake, in the order of their ids: a row goes in the transaction in which its event is accepted,
 * so each becomes one event, whoever drains and whatever crashes. Any number of processes may drain.
 */
final class IntakeDrain
{
    private function __construct(private readonly Hookwright $hooks, private readonly SqlStorage|LazyStorage $store)
    {
    }

    /** The intake beside the store of a Hookwright. */
    public static function of(Hookwright $hooks): self
    {
        $storage = $hooks->storage();
        return $storage instanceof SqlStorage || $storage instanceof LazyStorage
            ? new self($hooks, $storage)
            : throw new InvalidException('storage', 'is no SqlStorage', 'the intake is a table beside its table');
    }

    /**
     * Makes the table, outside any transaction.
     *
     * @throws StorageException if the database refused
     */
    public function createSchema(): void
    {
        $storage = $this->storage();
        $storage->create(IntakeTable::schema($storage->connection()->dialect()));
    }

    /**
     * Drains until nothing is left, or so many rows are.
     *
     * @return int how many rows became events; those that were refused are marked, and do not count
     * @throws HookwrightException if the store failed; rows that are left stay for the next time
     */
    public function drain(int $rowsMax = PHP_INT_MAX): int
    {
        try {
            return $this->drained($rowsMax);
        } catch (StorageException $error) {
            throw $error->asCalls();
        }
    }

    private function drained(int $rowsMax): int
    {
        if ($this->storage()->inTransaction()) {
            throw new ConflictException(null, '`drain` within an open transaction', 'call it after the commit');
        }
        $drained = 0;
        for ($tries = 0; $drained < $rowsMax && $tries < Limits::DRAIN_TRIES_MAX;) {
            $limit = min($rowsMax - $drained, Limits::EVENTS_MAX);
            $rows = $this->storage()->guard(static fn (Connection $on): array => IntakeTable::oldest($on, $limit));
            if ($rows === []) {
                break;
            }
            $done = $this->together($rows);
            $drained += $done ?? 0;
            // Somebody else has some of them: it makes events of those.
            $tries = $done === null ? $tries + 1 : 0;
        }
        return $drained;
    }

    /**
     * @param non-empty-list<IntakeRow> $rows
     * @return ?int how many became events; null if another has some of the rows
     */
    private function together(array $rows): ?int
    {
        try {
            return $this->accept($rows) ? count($rows) : null;
        } catch (InvalidException | TooLargeException | ConflictException | TrapException) {
            return $this->oneByOne($rows);
        }
    }

    /** @param non-empty-list<IntakeRow> $rows */
    private function oneByOne(array $rows): int
    {
        $done = 0;
        $trap = null;
        foreach ($rows as $row) {
            try {
                $done += $this->accept([$row]) ? 1 : 0;
            } catch (InvalidException | TooLargeException | ConflictException $error) {
                $this->storage()->guard(static fn (Connection $on) => IntakeTable::refuse($on, $row, $error->getMessage()));
            } catch (TrapException $error) {
                // It stays, and those behind it do not wait for it.
                $trap = $error;
            }
        }
        return $trap === null ? $done : throw $trap;
    }

    /**
     * Accepts the rows' events and removes the rows, in one transaction.
     *
     * @param non-empty-list<IntakeRow> $rows
     * @return bool false, and nothing happened, if some of the rows were gone
     */
    private function accept(array $rows): bool
    {
        $byTenant = [];
        foreach ($rows as $row) {
            $key = $row->tenant === null ? 'none' : "tenant $row->tenant";
            $byTenant[$key][0] = $row->tenant;
            $byTenant[$key][1][] = $row->dated();
        }
        $gone = new \RuntimeException('another has some of the rows');
        try {
            $this->storage()->transaction(function (Connection $on) use ($rows, $byTenant, $gone): array {
                if (IntakeTable::remove($on, $rows) !== count($rows)) {
                    throw $gone;
                }
                foreach ($byTenant as [$tenant, $events]) {
                    $this->hooks->onEvents($events, $tenant);
                }
                return [];
            });
            return true;
        } catch (\RuntimeException $error) {
            return $error === $gone ? false : throw $error;
        }
    }

    private function storage(): SqlStorage
    {
        return $this->store instanceof LazyStorage ? $this->store->storage() : $this->store;
    }
}
