<?php

// A store for the storage kit on a PDO: `hookwright storage-driver tests/stores/pdo.php DSN`.

declare(strict_types=1);

use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\Storage;

return static function (string $dsn): Storage {
    // Shorter than the kit waits for a call.
    return SqlStorage::on(new PDO($dsn, getenv('HOOKWRIGHT_TEST_USER') ?: null, null, [PDO::ATTR_TIMEOUT => 5]));
};
