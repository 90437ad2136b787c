<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PHPUnit\Framework\Assert;

/** A receiver on loopback, in a process of its own: this one waits while it delivers. */
final class Receiver
{
    private readonly string $folder;
    /** @var resource */
    private $process;
    public readonly int $port;

    public function __construct(bool $quiet = false)
    {
        $this->folder = Folder::make();
        $null = ['file', '/dev/null', 'r+'];
        $process = proc_open([PHP_BINARY, __DIR__ . '/receive.php', $this->folder, $quiet ? 'quiet' : ''], [$null, $null, STDERR], $pipes);
        Assert::assertIsResource($process);
        $this->process = $process;
        $until = microtime(true) + 20;
        while (!is_file("$this->folder/port")) {
            Assert::assertLessThan($until, microtime(true), 'the receiver does not start');
            usleep(5_000);
        }
        $this->port = (int) file_get_contents("$this->folder/port");
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
    }

    public function url(string $path): string
    {
        return "http://127.0.0.1:$this->port$path";
    }

    /** @return list<array{method: string, target: string, headers: list<array{string, string}>, body: string}> */
    public function requests(): array
    {
        $lines = file("$this->folder/requests", FILE_IGNORE_NEW_LINES) ?: [];
        return array_map(static fn (string $line): array => json_decode($line, true, 8, JSON_THROW_ON_ERROR), $lines);
    }
}
