<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Support\Limits;
use PHPUnit\Framework\TestCase;

/** The bounds that this host shares with the component. */
final class LimitsTest extends TestCase
{
    private const SHARED = ['KEY_BYTES_MAX', 'VALUE_BYTES_MAX', 'GET_KEYS_MAX', 'SCAN_ENTRIES_MAX', 'COMMIT_CHECKS_MAX',
        'COMMIT_MUTATIONS_MAX', 'COMMIT_BYTES_MAX', 'TENANT_BYTES_MAX', 'EVENT_BYTES_MAX', 'EVENTS_PER_CALL_MAX'];

    public function testSharedLimitEqualsThatOfTheEngine(): void
    {
        $engine = self::constants();
        foreach (self::SHARED as $name) {
            self::assertArrayHasKey($name, $engine);
            self::assertSame($engine[$name], constant(Limits::class . "::$name"), $name);
        }
    }

    /** @return array<string, int> the constants of the engine, from the generated page */
    private static function constants(): array
    {
        $page = (string) file_get_contents(__DIR__ . '/../../../docs/limits.md');
        preg_match_all('/^\| `([A-Z_]+)` \| ([^|]+) \|/m', $page, $rows, PREG_SET_ORDER);
        $constants = [];
        foreach ($rows as [, $name, $cell]) {
            // The last number: `256 KiB (262,144 bytes)`. The engine's table comes first.
            preg_match_all('/[0-9][0-9,]*/', $cell, $numbers);
            $constants[$name] ??= (int) str_replace(',', '', (string) end($numbers[0]));
        }
        return $constants;
    }
}
