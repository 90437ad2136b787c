<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PHPUnit\Framework\Assert;

/** Programs in other processes. */
final class Program
{
    /** Returns the path of a program or library that `cargo xtask test php` has built. Without it, the test fails. */
    public static function path(string $variable): string
    {
        $path = getenv($variable);
        Assert::assertIsString($path, "$variable is not set: run the tests by `cargo xtask test php`");
        Assert::assertFileExists($path);
        return $path;
    }

    /**
     * Runs a program to its end.
     *
     * @param list<string> $command
     * @param array<string, string> $environment in addition to this process's
     * @param list<int> $codes the expected exit codes
     * @return array{int, string, string} the exit code, stdout and stderr
     */
    public static function run(array $command, array $environment = [], array $codes = [0], string $input = ''): array
    {
        $in = tmpfile();
        Assert::assertIsResource($in);
        fwrite($in, $input);
        rewind($in);
        $err = tmpfile();
        Assert::assertIsResource($err);
        $process = proc_open($command, [$in, ['pipe', 'w'], $err], $pipes, null, $environment + getenv());
        Assert::assertIsResource($process);
        $output = (string) stream_get_contents($pipes[1]);
        $code = proc_close($process);
        rewind($err);
        $errors = (string) stream_get_contents($err);
        Assert::assertContains($code, $codes, implode(' ', $command) . "\n$output$errors");
        return [$code, $output, $errors];
    }
}
