<?php

// Imitates Octane, which Debian does not package: one process, in which each request has its own application, provider and connection.
// Nothing of a request may outlive it. `php octane.php CACHE REQUESTS`

declare(strict_types=1);

use App\Providers\HookwrightServiceProvider;
use Hookwright\Hookwright;
use Hookwright\Tests\Support\Hooks;
use Illuminate\Container\Container;
use Illuminate\Database\Capsule\Manager;

// Laravel 8 is older than PHP 8.2.
error_reporting(E_ALL & ~E_DEPRECATED);
require_once 'Illuminate/Database/autoload.php';
require_once 'Illuminate/Events/autoload.php';
require __DIR__ . '/../bootstrap.php';
require __DIR__ . '/../../examples/laravel/HookwrightServiceProvider.php';

$memoryKib = static fn (): int => (int) explode(' ', (string) file_get_contents('/proc/self/statm'))[1] * 4;
$dsn = json_decode((string) getenv('HOOKWRIGHT_TEST_DATABASES'), true)['postgres'];
$socket = preg_match('/host=([^;]+)/', $dsn, $found) === 1 ? $found[1] : '';
$serve = static function (int $number) use ($argv, $socket): WeakReference {
    $app = new Container();
    $capsule = new Manager($app);
    $capsule->addConnection(['driver' => 'pgsql', 'host' => $socket, 'database' => 'hooks', 'username' => 'hookwright']);
    $app->instance('db', $capsule->getDatabaseManager());
    $app['config']['hookwright'] = ['sealing_key' => Hooks::SEALING_KEY, 'cache' => $argv[1]];
    (new HookwrightServiceProvider($app))->register();
    $hookwright = $app->make(Hookwright::class);
    $database = $capsule->getConnection();
    $database->transaction(static fn () => $hookwright->onEvent(['type' => 'a.b', 'data' => $number], 'acme'));
    // One of Octane's optional listeners disconnects so. The next use connects again.
    $database->disconnect();
    $hookwright->onEvent(['type' => 'a.c', 'data' => $number], 'acme');
    return WeakReference::create($app);
};
$apps = [];
for ($number = 1; $number <= (int) $argv[2]; $number += 1) {
    $apps[] = $serve($number);
    // Laravel's own objects refer to each other. Octane collects them, too.
    gc_collect_cycles();
    if ($number === 50) {
        $warmKib = $memoryKib();
    }
}
echo json_encode([
    'apps' => count(array_filter($apps, static fn (WeakReference $app): bool => $app->get() !== null)),
    'connections' => count(array_filter(glob('/proc/self/fd/*') ?: [], static fn (string $one): bool =>
        str_starts_with((string) @readlink($one), 'socket:'))),
    'grownKib' => $memoryKib() - ($warmKib ?? 0),
]);
