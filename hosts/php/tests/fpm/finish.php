<?php

// Delivers after the response: the client does not wait for the receiver.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

$pdo = new PDO((string) getenv('HOOKWRIGHT_TEST_DSN'), getenv('HOOKWRIGHT_TEST_USER') ?: null);
$hooks = Hookwright::open(
    storage: $pdo,
    sealingKey: Hooks::SEALING_KEY,
    allowDestinations: ['127.0.0.0/8'],
    cache: (string) getenv('HOOKWRIGHT_TEST_CACHE'),
);
$hooks->onEvent(['type' => 'a.b'], 'acme');
echo 'accepted';
fastcgi_finish_request();
$hooks->deliver(500);
