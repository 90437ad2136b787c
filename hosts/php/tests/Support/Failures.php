<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PHPUnit\Framework\Assert;
use Throwable;

/** Calls that must fail. */
final class Failures
{
    /**
     * Returns the exception of a call.
     *
     * @template E of Throwable
     * @param class-string<E> $class
     * @param callable(): mixed $call
     * @return E
     */
    public static function of(string $class, callable $call, string $name = ''): Throwable
    {
        try {
            $call();
        } catch (Throwable $error) {
            Assert::assertInstanceOf($class, $error, "$name: {$error->getMessage()}");
            return $error;
        }
        Assert::fail("$name: no exception of $class");
    }
}
