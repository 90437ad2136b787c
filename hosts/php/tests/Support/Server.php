<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PDO;
use PDOException;
use RuntimeException;

/**
 * A database server of the tests, in its own folder with a Unix socket and without a port.
 *
 * It starts with the first use and ends with the process. `cargo xtask test php` installs missing programs.
 */
final class Server
{
    private const READY_WITHIN_S = 60;

    /** @var array<string, self> */
    private static array $running = [];

    /** @param resource $process */
    private function __construct(
        public readonly string $folder,
        private $process,
        private readonly string $dsn,
        public readonly string $user,
    ) {
    }

    /** Returns the PostgreSQL server. */
    public static function postgres(): self
    {
        return self::$running['postgres'] ??= self::startPostgres();
    }

    /** Returns the MariaDB server. */
    public static function mariadb(): self
    {
        return self::$running['mariadb'] ??= self::startMariadb();
    }

    /** Returns the path of the Unix socket, for mysqli. */
    public function socket(): string
    {
        return "$this->folder/mysql.sock";
    }

    /** Creates an empty database. Returns its DSN. */
    public function database(string $name): string
    {
        $pdo = new PDO($this->dsn, $this->user, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
        $pdo->exec("DROP DATABASE IF EXISTS $name");
        $pdo->exec("CREATE DATABASE $name");
        return (string) preg_replace('/dbname=\w+/', "dbname=$name", $this->dsn);
    }

    private static function startPostgres(): self
    {
        $bin = self::programs('initdb', glob('/usr/lib/postgresql/*/bin') ?: []);
        $folder = self::folder('pg');
        $as = self::unprivileged($folder, 'postgres');
        $how = ['-U', 'hookwright', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
        self::run([...$as, "$bin/initdb", '-D', "$folder/data", ...$how], $folder);
        // No flushes: no test cuts the power of the machine.
        $settings = ['listen_addresses=', 'fsync=off', 'max_connections=60', 'shared_buffers=32MB'];
        $options = array_merge(...array_map(static fn (string $one): array => ['-c', $one], $settings));
        $command = [...$as, "$bin/postgres", '-D', "$folder/data", '-k', $folder, ...$options];
        return self::started($folder, $command, "pgsql:host=$folder;dbname=postgres", 'hookwright');
    }

    private static function startMariadb(): self
    {
        $bin = self::programs('mariadbd', ['/usr/sbin', '/usr/libexec', '/usr/bin']);
        $folder = self::folder('my');
        $as = self::unprivileged($folder, 'mysql');
        $data = "--datadir=$folder/data";
        $how = ['--auth-root-authentication-method=normal', '--skip-test-db'];
        self::run([...$as, 'mariadb-install-db', '--no-defaults', $data, ...$how], $folder);
        $command = [...$as, "$bin/mariadbd", '--no-defaults', $data, "--socket=$folder/mysql.sock", '--skip-networking',
            "--pid-file=$folder/mariadb.pid", '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=64M'];
        return self::started($folder, $command, "mysql:unix_socket=$folder/mysql.sock;dbname=mysql;charset=utf8mb4", 'root');
    }

    /** @param list<string> $command */
    private static function started(string $folder, array $command, string $dsn, string $user): self
    {
        $log = ['file', "$folder/log", 'a'];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes, $folder);
        if ($process === false) {
            throw new RuntimeException("$command[0] does not start");
        }
        $server = new self($folder, $process, $dsn, $user);
        $owner = getmypid();
        register_shutdown_function(static fn () => $owner === getmypid() && $server->stop());
        $until = microtime(true) + self::READY_WITHIN_S;
        while (true) {
            try {
                new PDO($dsn, $user);
                return $server;
            } catch (PDOException $error) {
                if (microtime(true) > $until || !proc_get_status($process)['running']) {
                    $log = substr((string) file_get_contents("$folder/log"), -2_000);
                    throw new RuntimeException("the server does not answer: {$error->getMessage()}\n$log");
                }
                usleep(50_000);
            }
        }
    }

    private function stop(): void
    {
        // A fast shutdown for PostgreSQL, and a regular one for MariaDB.
        proc_terminate($this->process, str_starts_with($this->dsn, 'pgsql') ? SIGINT : SIGTERM);
        proc_close($this->process);
        self::run(['rm', '-rf', $this->folder], '/');
    }

    private static function folder(string $name): string
    {
        // Short, because the path of a socket has at most 107 bytes.
        $folder = sprintf('%s/hw-%s-%d', sys_get_temp_dir(), $name, getmypid());
        mkdir($folder, 0700);
        return $folder;
    }

    /**
     * Returns the command that changes the user. Database servers refuse to run as root, and their packages create users for them.
     *
     * @return list<string>
     */
    private static function unprivileged(string $folder, string $user): array
    {
        if (posix_geteuid() !== 0) {
            return [];
        }
        chown($folder, $user);
        return ['setpriv', "--reuid=$user", "--regid=$user", '--clear-groups', '--'];
    }

    /** @param list<string> $folders */
    private static function programs(string $program, array $folders): string
    {
        rsort($folders, SORT_NATURAL);
        foreach ([...$folders, ...explode(PATH_SEPARATOR, (string) getenv('PATH'))] as $folder) {
            if (is_executable("$folder/$program")) {
                return $folder;
            }
        }
        throw new RuntimeException("there is no `$program`: `cargo xtask test php` installs it");
    }

    /** @param list<string> $command */
    private static function run(array $command, string $folder): void
    {
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes, $folder);
        $output = is_resource($process) ? stream_get_contents($pipes[1]) : '';
        if (!is_resource($process) || proc_close($process) !== 0) {
            throw new RuntimeException(implode(' ', $command) . " failed:\n$output");
        }
    }
}
