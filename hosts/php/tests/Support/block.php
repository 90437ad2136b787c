<?php

// Runs a block of the README, with the variables that its text mentions: `php block.php BLOCK CACHE`. An undefined name is an error.

declare(strict_types=1);

use Hookwright\Hookwright;
use Hookwright\IntakeReader;
use Hookwright\Tests\Support\Hooks;
use Psr\Http\Server\MiddlewareInterface;

require __DIR__ . '/../bootstrap.php';
require_once 'Nyholm/Psr7/autoload.php';
require_once 'PHPUnit/Autoload.php';

set_error_handler(static fn (int $level, string $message): bool => throw new ErrorException($message, $level));
$pdo = new PDO('sqlite::memory:');
$hookwright = Hookwright::open($pdo, Hooks::config()->withCache($argv[2]));
$hookwright->storage()->createSchema();
IntakeReader::of($hookwright)->createSchema();
$_SESSION = ['user' => 'u1', 'account' => 'acme', 'isAdmin' => true];
$_SERVER['REQUEST_URI'] = '/api/webhooks/webhooks';
$_SERVER['REQUEST_METHOD'] = 'GET';
$app = new class {
    public function pipe(MiddlewareInterface $middleware): void
    {
    }
};
$service = new class {
    public function payInvoice(Hookwright $hookwright, string $id): void
    {
        $hookwright->onEvent(['type' => 'invoice.paid', 'data' => ['id' => $id]], 'acme');
    }
};

require $argv[1];
