<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PHPUnit\Framework\Assert;

/** A receiver on loopback. It has its own process, because the tests' process waits while it delivers. */
final class Receiver
{
    private readonly string $folder;
    /** @var resource */
    private $process;
    public readonly int $port;

    /** @param bool $quiet true to record no requests */
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

    /** Returns the receiver's URL with a path. */
    public function url(string $path): string
    {
        return "http://127.0.0.1:$this->port$path";
    }

    /**
     * Returns the received requests.
     *
     * @return list<array{method: string, target: string, headers: list<array{string, string}>, body: string}>
     */
    public function requests(): array
    {
        $lines = file("$this->folder/requests", FILE_IGNORE_NEW_LINES) ?: [];
        return array_map(static fn (string $line): array => json_decode($line, true, 8, JSON_THROW_ON_ERROR), $lines);
    }
}
