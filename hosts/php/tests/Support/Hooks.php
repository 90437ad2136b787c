<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Hookwright;
use mysqli;
use PDO;

/** Hookwrights as the tests open them: with webhooks on loopback allowed, and compiled code kept between processes. */
final class Hooks
{
    public const SEALING_KEY = 'k1:0707070707070707070707070707070707070707070707070707070707070707';
    private static ?string $cache = null;

    public static function open(PDO|mysqli $connection, string $profile = 'standard'): Hookwright
    {
        Databases::store($connection);
        return self::reopen($connection, $profile);
    }

    /** The same on what is stored already. */
    public static function reopen(PDO|mysqli $connection, string $profile = 'standard'): Hookwright
    {
        return Hookwright::open(
            storage: $connection,
            sealingKey: self::SEALING_KEY,
            profile: $profile,
            allowDestinations: ['127.0.0.0/8'],
            cache: self::cache(),
        );
    }

    public static function cache(): string
    {
        $told = getenv('HOOKWRIGHT_TEST_CACHE');
        return self::$cache ??= is_string($told) ? $told : Folder::make();
    }
}
