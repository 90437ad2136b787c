<?php

// A request of a platform: changes a model and accepts an event in one transaction. Prints the duration of opening and `onEvent` in
// microseconds, with the loading of the classes, and the memory of the process in KiB.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

$pdo = new PDO((string) getenv('HOOKWRIGHT_TEST_DSN'));
$pdo->exec('BEGIN');
$begun = hrtime(true);
$hookwright = Hookwright::open($pdo, Hooks::config());
$hookwright->onEvent(['type' => 'asset.updated', 'data' => ['id' => 1, 'name' => 'Zoë', 'tags' => ['a', 'b']]], 'acme');
$us = intdiv(hrtime(true) - $begun, 1_000);
$pdo->exec($_SERVER['QUERY_STRING'] === 'rollback' ? 'ROLLBACK' : 'COMMIT');
$kib = (int) explode(' ', (string) file_get_contents('/proc/self/statm'))[1] * 4;
echo json_encode(['us' => $us, 'kib' => $kib]);
