<?php

// A store that exceeds PHP's memory limit on demand: a fatal error within a callback.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Tests\Support\ForwardingStorage;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';
require_once __DIR__ . '/../Support/ForwardingStorage.php';

ini_set('memory_limit', '64M');
$storage = new class (new MemoryStorage()) extends ForwardingStorage {
    public function commit(array $checks, array $mutations): array
    {
        if ($_SERVER['QUERY_STRING'] === 'fatal') {
            str_repeat('x', 1 << 30);
        }
        return parent::commit($checks, $mutations);
    }
};
Hookwright::open($storage, Hooks::config())->onEvent(['type' => 'a.b'], 'acme');
echo getmypid();
