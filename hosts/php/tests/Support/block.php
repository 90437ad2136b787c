<?php

// Runs a block of the README, with what the text around it speaks of: `php block.php BLOCK CACHE`. A name that is not defined is an error.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\IntakeDrain;
use Hookwright\Tests\Support\Hooks;
use Psr\Http\Server\MiddlewareInterface;

require __DIR__ . '/../bootstrap.php';
require_once 'Nyholm/Psr7/autoload.php';
require_once 'PHPUnit/Autoload.php';

set_error_handler(static fn (int $level, string $message): bool => throw new ErrorException($message, $level));
$pdo = new PDO('sqlite::memory:');
$hooks = Hookwright::open($pdo, Hooks::SEALING_KEY, cache: $argv[2]);
$hooks->storage()->createSchema();
IntakeDrain::of($hooks)->createSchema();
$_SESSION = ['user' => 'u1', 'account' => 'acme', 'isAdmin' => true];
$_SERVER['REQUEST_URI'] = '/api/webhooks/webhooks';
$_SERVER['REQUEST_METHOD'] = 'GET';
$app = new class {
    public function pipe(MiddlewareInterface $middleware): void
    {
    }
};
$service = new class {
    public function payInvoice(Hookwright $hooks, string $id): void
    {
        $hooks->onEvent(['type' => 'invoice.paid', 'data' => ['id' => $id]], 'acme');
    }
};

require $argv[1];
