<?php

// Delivers after the response, so that the client does not wait for the receiver.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

$config = Hooks::config()->withAllowedDestinations(['127.0.0.0/8']);
$hookwright = Hookwright::open(new PDO((string) getenv('HOOKWRIGHT_TEST_DSN')), $config);
$hookwright->onEvent(['type' => 'a.b'], 'acme');
echo 'accepted';
fastcgi_finish_request();
$hookwright->deliver(500);
