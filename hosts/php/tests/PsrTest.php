<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use PHPUnit\Framework\TestCase;

/** The management API for PSR-15. */
final class PsrTest extends TestCase
{
    public function testMiddlewareAndHandlerRespond(): void
    {
        $extension = Program::path('HOOKWRIGHT_PSR');
        $command = [PHP_BINARY, '-d', "extension=$extension", __DIR__ . '/psr15.php', Hooks::cache()];
        $expected = ['204 ', '404 ', '401 application/problem+json', '201 application/json', '200 application/json',
            '413 application/problem+json', '202 application/json', '1', '/hooks/jobs/ID', ''];
        self::assertSame($expected, explode("\n", Program::run($command)[1]));
    }
}
