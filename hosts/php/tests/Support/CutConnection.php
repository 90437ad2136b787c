<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Closure;
use mysqli;
use PDO;
use PHPUnit\Framework\Assert;

/** Connections to a server of the tests through a proxy that cuts them at a COMMIT (`cut.php`). */
final class CutConnection
{
    private readonly string $folder;
    /** @var resource */
    private $process;

    public function __construct(private readonly string $name)
    {
        $this->folder = Folder::make();
        file_put_contents("$this->folder/mode", '');
        $socket = $name === 'postgres' ? '.s.PGSQL.5432' : 'mysql.sock';
        $server = $name === 'postgres' ? Server::postgres() : Server::mariadb();
        $null = ['file', '/dev/null', 'r+'];
        $command = [PHP_BINARY, __DIR__ . '/cut.php', "$this->folder/$socket", "{$server->folder}/$socket", "$this->folder/mode"];
        $process = proc_open($command, [$null, $null, STDERR], $pipes);
        Assert::assertIsResource($process);
        $this->process = $process;
        $until = microtime(true) + 20;
        while (!file_exists("$this->folder/$socket")) {
            Assert::assertLessThan($until, microtime(true), 'the proxy does not listen');
            usleep(5_000);
        }
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
    }

    /** Connects through the proxy. */
    public function connect(): PDO|mysqli
    {
        return Databases::connect($this->name, $this->folder);
    }

    /** Cuts the connection at the next COMMIT: `before` the server receives it, or `after` the server has replied. */
    public function cutNext(string $mode): void
    {
        file_put_contents("$this->folder/mode", $mode);
    }

    /** Returns true if the proxy has cut the connection. */
    public function hasCut(): bool
    {
        return file_get_contents("$this->folder/mode") === '';
    }
}
