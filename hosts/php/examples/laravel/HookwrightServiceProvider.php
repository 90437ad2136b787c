<?php

declare(strict_types=1);

namespace App\Providers;

use Hookwright\Hookwright;
use Illuminate\Support\ServiceProvider;
use PDO;

/** Gives the application one `Hookwright`, on the connection on which its models are saved. */
final class HookwrightServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->singleton(Hookwright::class, function ($app): Hookwright {
            $config = $app['config']['hookwright'];
            return Hookwright::open(
                // Asked before each call: Octane and queue workers replace connections that they have lost or given up.
                storage: static function (bool $lost) use ($app): PDO {
                    $connection = $app['db']->connection();
                    if ($lost || $connection->getRawPdo() === null) {
                        $connection->reconnect();
                    }
                    return $connection->getPdo();
                },
                sealingKey: $config['sealing_key'],
                profile: $config['profile'] ?? 'standard',
                allowDestinations: $config['allow_destinations'] ?? [],
                cache: $config['cache'] ?? null,
            );
        });
    }
}
