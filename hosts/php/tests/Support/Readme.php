<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PHPUnit\Framework\Assert;

/** The PHP examples of the README. */
final class Readme
{
    /** @return non-empty-list<string> the PHP blocks; the first is a whole program */
    public static function blocks(): array
    {
        $readme = (string) file_get_contents(dirname(__DIR__, 2) . '/README.md');
        preg_match_all('/^```php\n(.*?)^```$/ms', $readme, $found);
        Assert::assertGreaterThan(4, count($found[1]));
        Assert::assertStringStartsWith('<?php', $found[1][0]);
        return $found[1];
    }

    /** Returns the README's file `hookwright.php`, which allows private addresses too. */
    public static function hookwrightFile(): string
    {
        $files = array_values(array_filter(array_slice(self::blocks(), 1), self::isFile(...)));
        Assert::assertCount(1, $files);
        return str_replace('->withCache(', "->withAllowedDestinations(['127.0.0.0/8'])->withCache(", $files[0]);
    }

    /** Returns true if a block is a whole file. */
    public static function isFile(string $block): bool
    {
        return str_starts_with($block, '<?php');
    }

    /** Writes the first block into a folder that has Composer's autoloader. */
    public static function example(string $folder): void
    {
        file_put_contents("$folder/example.php", self::blocks()[0]);
    }
}
