<?php

// Runs the service provider and the observer with Eloquent, without the rest of Laravel: `php run.php SQLITE-FILE URL CACHE`. It changes
// models in transactions and delivers the events to the URL.

declare(strict_types=1);

use App\Models\Asset;
use App\Observers\AssetObserver;
use App\Providers\HookwrightServiceProvider;
use Hookwright\Hookwright;
use Illuminate\Container\Container;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\DatabaseTransactionsManager;
use Illuminate\Events\Dispatcher;

// Laravel 8 is older than PHP 8.2.
error_reporting(E_ALL & ~E_DEPRECATED);
require_once 'Illuminate/Database/autoload.php';
require_once 'Illuminate/Events/autoload.php';
require __DIR__ . '/../../src/autoload.php';
require __DIR__ . '/HookwrightServiceProvider.php';
require __DIR__ . '/AssetObserver.php';
require __DIR__ . '/Asset.php';

[, $file, $url, $cache] = $argv;
$app = new Container();
$capsule = new Manager($app);
$capsule->addConnection(['driver' => 'sqlite', 'database' => $file]);
$capsule->setEventDispatcher(new Dispatcher($app));
$capsule->bootEloquent();
$database = $capsule->getConnection();
$app->instance('db', $capsule->getDatabaseManager());
$app->instance('db.transactions', $transactions = new DatabaseTransactionsManager());
$database->setTransactionManager($transactions);
$app['config']['hookwright'] = ['sealing_key' => 'k1:' . str_repeat('07', 32), 'cache' => $cache,
    'allow_destinations' => ['127.0.0.0/8']];
(new HookwrightServiceProvider($app))->register();

$hookwright = $app->make(Hookwright::class);
$hookwright->storage()->createSchema();
$database->getSchemaBuilder()->create('assets', static function ($table): void {
    $table->increments('id');
    $table->string('name');
    $table->boolean('active');
    $table->string('licence_key');
});
$hookwright->register('acme', ['url' => $url, 'events' => ['asset.*'], 'strictOrder' => true]);
Asset::observe(AssetObserver::class);

$database->transaction(static function () use ($database): void {
    $asset = Asset::create(['name' => 'kept']);
    $asset->update(['name' => 'kept and changed']);
    try {
        // In Laravel, a transaction within a transaction is a savepoint.
        $database->transaction(static function (): void {
            Asset::create(['name' => 'rolled back to a savepoint']);
            throw new DomainException();
        });
    } catch (DomainException) {
    }
});
try {
    $database->transaction(static function (): void {
        Asset::create(['name' => 'rolled back']);
        throw new DomainException();
    });
} catch (DomainException) {
}

// Laravel calls this observer after the commit: never for a rolled back change, but a crash in between loses the event.
class LateObserver extends AssetObserver
{
    public bool $afterCommit = true;
}
Asset::flushEventListeners();
Asset::observe(LateObserver::class);
$database->transaction(static fn () => Asset::create(['name' => 'after the commit']));
try {
    $database->transaction(static function (): void {
        Asset::create(['name' => 'after no commit']);
        throw new DomainException();
    });
} catch (DomainException) {
}

// A worker replaces a lost connection.
$capsule->getDatabaseManager()->reconnect();
Asset::flushEventListeners();
Asset::observe(AssetObserver::class);
Asset::query()->where('name', 'kept and changed')->first()?->delete();

// In strict order, a call delivers one message at a time.
do {
    $report = $hookwright->deliver(2_000);
} while ($report->attempts > 0);
echo Asset::query()->count(), " assets\n";
