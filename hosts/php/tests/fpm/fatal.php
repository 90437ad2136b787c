<?php

// A store that, when it is asked to, needs more memory than PHP may have: a fatal error within a callback.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

ini_set('memory_limit', '64M');
$storage = new class implements Storage {
    private MemoryStorage $rows;

    public function __construct()
    {
        $this->rows = new MemoryStorage();
    }

    public function get(array $keys): array
    {
        return $this->rows->get($keys);
    }

    public function scan(string $start, string $end, int $limit, Order $order): array
    {
        return $this->rows->scan($start, $end, $limit, $order);
    }

    public function commit(array $checks, array $mutations): array
    {
        if ($_SERVER['QUERY_STRING'] === 'fatal') {
            str_repeat('x', 1 << 30);
        }
        return $this->rows->commit($checks, $mutations);
    }

    public function createSchema(): void
    {
    }

    public function inTransaction(): bool
    {
        return false;
    }
};
$hooks = Hookwright::open($storage, Hooks::SEALING_KEY, cache: (string) getenv('HOOKWRIGHT_TEST_CACHE'));
$hooks->onEvent(['type' => 'a.b'], 'acme');
echo getmypid();
