<?php

// A store on a PDO for the storage kit: `hookwright storage-driver tests/stores/pdo.php DSN`.

declare(strict_types=1);

use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Storage;

return static function (string $dsn): Storage {
    // The timeout is shorter than the kit waits for a call.
    return SqlStorage::on(new PDO($dsn, getenv('HOOKWRIGHT_TEST_USER') ?: null, null, [PDO::ATTR_TIMEOUT => 5]));
};
