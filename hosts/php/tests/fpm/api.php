<?php

// The management API behind a front controller of the platform.

declare(strict_types=1);

use Hookwright\Http\Api;
use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Value\Caller;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

// A failure of the store, on demand, with a message as databases have it.
$storage = ($_SERVER['HTTP_X_FAILURE'] ?? '') === '' ? new PDO((string) getenv('HOOKWRIGHT_TEST_DSN')) : static function (): never {
    throw new PDOException("SQLSTATE[HY000] [1045] Access denied for user 'shop'@'db.internal'");
};
$hookwright = Hookwright::open($storage, Hooks::config());
$user = $_SERVER['HTTP_X_USER'] ?? null;
$caller = static fn (): ?Caller => $user === null ? null : new Caller('acme', $user, $user === 'admin' ? ['manage:webhook'] : []);
if (!(new Api($hookwright, '/api/hooks'))->serve($caller)) {
    echo 'not ours';
}
