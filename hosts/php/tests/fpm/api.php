<?php

// The management API behind a platform's own front controller.

declare(strict_types=1);

use Hookwright\Http\Api;
use Hookwright\Http\Caller;
use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

$pdo = new PDO((string) getenv('HOOKWRIGHT_TEST_DSN'), getenv('HOOKWRIGHT_TEST_USER') ?: null);
$hooks = Hookwright::open($pdo, Hooks::SEALING_KEY, cache: (string) getenv('HOOKWRIGHT_TEST_CACHE'));
$user = $_SERVER['HTTP_X_USER'] ?? null;
$caller = static fn (): ?Caller => $user === null ? null : new Caller('acme', $user, $user === 'admin' ? ['manage:webhook'] : []);
if (!(new Api($hooks, '/api/hooks'))->serve($caller)) {
    echo 'not ours';
}
