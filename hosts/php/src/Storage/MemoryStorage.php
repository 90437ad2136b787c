<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** A store in memory, for tests. */
final class MemoryStorage implements Storage
{
    /** @var array<string, Entry> by `k` and key, because a key of digits would become an integer */
    private array $rows = [];
    private int $version = 0;

    public function get(array $keys): array
    {
        CallRules::checkGet($keys);
        return array_map(fn (string $key): ?Entry => $this->rows["k$key"] ?? null, $keys);
    }

    public function scan(string $start, string $end, int $limit, Order $order): array
    {
        CallRules::checkScan($start, $end, $limit);
        $found = array_filter($this->rows, static fn (Entry $row): bool =>
            strcmp($row->key, $start) >= 0 && strcmp($row->key, $end) < 0);
        $direction = $order === Order::Forward ? 1 : -1;
        usort($found, static fn (Entry $a, Entry $b): int => $direction * strcmp($a->key, $b->key));
        return array_slice($found, 0, $limit);
    }

    public function commit(array $checks, array $mutations): array
    {
        CallRules::checkCommit($checks, $mutations);
        $failed = [];
        foreach ($checks as $index => $check) {
            if (($this->rows["k$check->key"] ?? null)?->version !== $check->version) {
                $failed[] = $index;
            }
        }
        if ($failed !== []) {
            throw StorageException::conflict($failed);
        }
        $versions = [];
        foreach ($mutations as $mutation) {
            if ($mutation->value === null) {
                unset($this->rows["k$mutation->key"]);
                continue;
            }
            $this->version += 1;
            $versions[] = (string) $this->version;
            $row = new Entry($mutation->key, $mutation->value, (string) $this->version);
            $this->rows["k$mutation->key"] = $row;
        }
        return $versions;
    }

    public function createSchema(): void
    {
    }

    public function inTransaction(): bool
    {
        return false;
    }
}
