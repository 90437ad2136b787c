<?php

declare(strict_types=1);

namespace Hookwright\Component;

use Hookwright\Exception\InvalidException;
use Hookwright\Support\Json;
use Hookwright\Support\Limits;

/**
 * Checks of a call's arguments that need the name of the field: texts are UTF-8, and numbers fit in 32 bits.
 *
 * @internal
 */
final class Arguments
{
    /**
     * Checks arguments, and the items of lists. An error names the item: `events[1]`.
     *
     * @param array<array-key, mixed> $arguments
     * @param ?string $list the name of the list that the arguments are
     */
    public static function check(array $arguments, ?string $list = null): void
    {
        foreach ($arguments as $name => $value) {
            $field = $list === null || is_string($name) ? (string) $name : "{$list}[$name]";
            match (true) {
                is_string($value) => Json::utf8($field, $value),
                is_int($value) => self::u32($field, $value),
                is_array($value) => self::check($value, $field),
                default => null,
            };
        }
    }

    private static function u32(string $field, int $value): int
    {
        return $value >= 0 && $value <= Limits::U32_MAX
            ? $value
            : throw new InvalidException($field, "is `$value`", 'give a whole number from 0 to ' . Limits::U32_MAX);
    }
}
