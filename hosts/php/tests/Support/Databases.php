<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Sql\SqlStorage;
use mysqli;
use PDO;

/** Connections of every kind that the stores support. Two connections with one name use one database. */
final class Databases
{
    /** @var array<string, string> DSNs by name */
    private static array $made = [];

    /** @return array<string, array{string}> for data providers */
    public static function all(): array
    {
        $names = ['sqlite', 'postgres', 'postgres-latin1', 'mariadb', 'mariadb-native', 'mariadb-silent'];
        array_push($names, 'mysqli', 'mysqli-silent', 'mysqli-utf8');
        return array_combine($names, array_map(static fn (string $name): array => [$name], $names));
    }

    /** @param ?string $folder the folder of the socket, if it is not that of the server */
    public static function connect(string $name, ?string $folder = null): PDO|mysqli
    {
        $errors = str_contains($name, 'silent') ? PDO::ERRMODE_SILENT : PDO::ERRMODE_EXCEPTION;
        $options = [PDO::ATTR_ERRMODE => $errors, PDO::ATTR_TIMEOUT => 2];
        [$kind, $variant] = explode('-', $name) + [1 => ''];
        switch ($kind) {
            case 'sqlite':
                return new PDO('sqlite:' . self::sqliteFile(), null, null, $options);
            case 'postgres':
                $dsn = self::made('postgres', static fn (): string => Server::postgres()->database('hooks'));
                $pdo = new PDO(self::through($dsn, $folder), 'hookwright', null, $options);
                $variant === '' || $pdo->exec("SET client_encoding TO '$variant'");
                return $pdo;
            case 'mariadb':
                $options += [PDO::ATTR_EMULATE_PREPARES => $variant !== 'native'];
                // Attributes that change how PDO returns rows.
                $options += [PDO::ATTR_STRINGIFY_FETCHES => true, PDO::ATTR_CASE => PDO::CASE_UPPER];
                return new PDO(self::through(self::mariadbDsn(), $folder), 'root', null, $options);
            default:
                return self::mysqli($variant, $folder);
        }
    }

    /**
     * Returns the environment with which another process connects to the same databases.
     *
     * @return array<string, string>
     */
    public static function environment(): array
    {
        return ['HOOKWRIGHT_TEST_DATABASES' => json_encode(self::$made, JSON_THROW_ON_ERROR)];
    }

    /** Returns an empty store with its table. */
    public static function store(PDO|mysqli $connection): SqlStorage
    {
        $store = SqlStorage::on($connection);
        $store->createSchema();
        $store->connection()->execute('DELETE FROM hookwright');
        return $store;
    }

    /** Returns a DSN with the socket in another folder. */
    private static function through(string $dsn, ?string $folder): string
    {
        return $folder === null ? $dsn : (string) preg_replace('~/[^;]*/hw-\w+-\d+~', $folder, $dsn);
    }

    private static function mysqli(string $variant, ?string $folder): mysqli
    {
        preg_match('/unix_socket=([^;]+)/', self::through(self::mariadbDsn(), $folder), $found);
        mysqli_report($variant === 'silent' ? MYSQLI_REPORT_OFF : MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        $mysqli = new mysqli(null, 'root', null, 'hooks', 0, $found[1]);
        // CodeIgniter 3 opens its connections so.
        $mysqli->set_charset($variant === 'utf8' ? 'utf8' : 'utf8mb4');
        if ($variant === 'utf8') {
            $mysqli->query("SET SESSION sql_mode = ''");
        }
        $mysqli->query('SET SESSION innodb_lock_wait_timeout = 2');
        return $mysqli;
    }

    private static function mariadbDsn(): string
    {
        return self::made('mariadb', static fn (): string => Server::mariadb()->database('hooks'));
    }

    private static function sqliteFile(): string
    {
        return self::made('sqlite', static fn (): string => Folder::make() . '/hooks.db');
    }

    /** @param callable(): string $make */
    private static function made(string $name, callable $make): string
    {
        $of = getenv('HOOKWRIGHT_TEST_DATABASES');
        if (is_string($of) && self::$made === []) {
            self::$made = json_decode($of, true, 4, JSON_THROW_ON_ERROR);
        }
        return self::$made[$name] ??= $make();
    }
}
