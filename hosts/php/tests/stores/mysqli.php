<?php

// A store on a mysqli for the storage kit: `hookwright storage-driver tests/stores/mysqli.php SOCKET DATABASE`.

declare(strict_types=1);

use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Storage;

return static function (string $socket, string $database): Storage {
    return SqlStorage::on(new mysqli(null, getenv('HOOKWRIGHT_TEST_USER') ?: null, null, $database, 0, $socket));
};
