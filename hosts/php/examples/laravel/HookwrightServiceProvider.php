<?php

declare(strict_types=1);

namespace App\Providers;

use Hookwright\Config;
use Hookwright\Hookwright;
use Illuminate\Support\ServiceProvider;
use PDO;

/** Gives the application one `Hookwright`, on the connection that saves its models. */
final class HookwrightServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->singleton(Hookwright::class, static function ($app): Hookwright {
            // Called before each call, because Octane and queue workers replace their connections.
            $connection = static function (bool $lost) use ($app): PDO {
                $connection = $app['db']->connection();
                if ($lost || $connection->getRawPdo() === null) {
                    $connection->reconnect();
                }
                return $connection->getPdo();
            };
            $config = $app['config']['hookwright'];
            return Hookwright::open($connection, Config::sealedWith($config['sealing_key'])
                ->withProfile($config['profile'] ?? null)
                ->withAllowedDestinations($config['allow_destinations'] ?? [])
                ->withCache($config['cache'] ?? null));
        });
    }
}
