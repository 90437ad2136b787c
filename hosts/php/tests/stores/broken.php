<?php

// A store that breaks two rules, so that the kit must report it: it ignores checks of absence, and uses versions twice.

declare(strict_types=1);

use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Check;
use Hookwright\Storage\Storage;
use Hookwright\Tests\Support\ForwardingStorage;

require_once __DIR__ . '/../Support/ForwardingStorage.php';

return static function (string $dsn): Storage {
    $pdo = new PDO($dsn, null, null, [PDO::ATTR_TIMEOUT => 5]);
    return new class (SqlStorage::on($pdo), $pdo) extends ForwardingStorage {
        public function __construct(Storage $storage, private readonly PDO $pdo)
        {
            parent::__construct($storage);
        }

        public function commit(array $checks, array $mutations): array
        {
            $hasVersion = static fn (Check $check): bool => $check->version !== null;
            $versions = parent::commit(array_values(array_filter($checks, $hasVersion)), $mutations);
            if ($this->pdo->query('SELECT COUNT(*) FROM hookwright')->fetchColumn() === 0) {
                $this->pdo->exec('DELETE FROM sqlite_sequence');
            }
            return $versions;
        }
    };
};
