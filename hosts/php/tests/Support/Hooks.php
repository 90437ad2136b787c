<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Config;
use Hookwright\Hookwright;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use mysqli;
use PDO;

/** `Hookwright`s of the tests: webhooks on loopback are allowed, and machine code is kept between processes. */
final class Hooks
{
    public const SEALING_KEY = 'k1:0707070707070707070707070707070707070707070707070707070707070707';
    /** The prefix of the rows of messages, for SQL. */
    public const MESSAGE_ROWS = 'message/';
    private static ?string $cache = null;

    /** Opens a `Hookwright` on an empty store. */
    public static function open(PDO|mysqli $connection, string $profile = 'standard'): Hookwright
    {
        Databases::store($connection);
        return self::reopen($connection, $profile);
    }

    /** Opens a `Hookwright` on the existing store. */
    public static function reopen(PDO|mysqli $connection, string $profile = 'standard'): Hookwright
    {
        return Hookwright::open($connection, self::config()->withProfile($profile)->withAllowedDestinations(['127.0.0.0/8']));
    }

    /** Returns a configuration that allows public destinations only. */
    public static function config(): Config
    {
        return Config::sealedWith(self::SEALING_KEY)->withCache(self::cache());
    }

    /** Returns the folder of machine code. */
    public static function cache(): string
    {
        $given = getenv('HOOKWRIGHT_TEST_CACHE');
        return self::$cache ??= is_string($given) ? $given : Folder::make();
    }

    /**
     * Returns the rows of messages.
     *
     * @return list<Entry>
     */
    public static function messages(Storage $storage): array
    {
        // `0` follows `/` in ASCII.
        $end = substr(self::MESSAGE_ROWS, 0, -1) . '0';
        return $storage->scan(self::MESSAGE_ROWS, $end, 1_000, Order::Forward);
    }
}
