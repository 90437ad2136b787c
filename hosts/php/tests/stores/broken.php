<?php

// A store that breaks rules, so that the kit can be seen to notice: it forgets checks of absence, and its versions come back.

declare(strict_types=1);

use Hookwright\Storage\Check;
use Hookwright\Storage\Order;
use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\Storage;

return static function (string $dsn): Storage {
    $pdo = new PDO($dsn, null, null, [PDO::ATTR_TIMEOUT => 5]);
    return new class ($pdo) implements Storage {
        private SqlStorage $whole;

        public function __construct(private PDO $pdo)
        {
            $this->whole = SqlStorage::on($pdo);
        }

        public function get(array $keys): array
        {
            return $this->whole->get($keys);
        }

        public function scan(string $start, string $end, int $limit, Order $order): array
        {
            return $this->whole->scan($start, $end, $limit, $order);
        }

        public function commit(array $checks, array $mutations): array
        {
            $versions = $this->whole->commit(
                array_values(array_filter($checks, static fn (Check $check): bool => $check->version !== null)),
                $mutations,
            );
            if ($this->pdo->query('SELECT COUNT(*) FROM hookwright')->fetchColumn() === 0) {
                $this->pdo->exec('DELETE FROM sqlite_sequence');
            }
            return $versions;
        }

        public function createSchema(): void
        {
            $this->whole->createSchema();
        }

        public function inTransaction(): bool
        {
            return false;
        }
    };
};
