<?php

// A request of a platform's: it changes a model and reports an event in one transaction. Answers how long the call of `onEvent` took, with
// everything that it loads, in microseconds; the memory of the process in KiB; and the process.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

$pdo = new PDO((string) getenv('HOOKWRIGHT_TEST_DSN'), getenv('HOOKWRIGHT_TEST_USER') ?: null);
$pdo->exec('BEGIN');
$begun = hrtime(true);
$hooks = Hookwright::open($pdo, Hooks::SEALING_KEY, cache: (string) getenv('HOOKWRIGHT_TEST_CACHE'));
$hooks->onEvent(['type' => 'asset.updated', 'data' => ['id' => 1, 'name' => 'Zoë', 'tags' => ['a', 'b']]], 'acme');
$took = intdiv(hrtime(true) - $begun, 1_000);
$pdo->exec($_SERVER['QUERY_STRING'] === 'rollback' ? 'ROLLBACK' : 'COMMIT');
$rss = (int) explode(' ', (string) file_get_contents('/proc/self/statm'))[1] * 4;
echo json_encode(['us' => $took, 'kib' => $rss, 'pid' => getmypid()]);
