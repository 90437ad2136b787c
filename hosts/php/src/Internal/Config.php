<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Exception\InvalidException;
use SensitiveParameter;

/** The options of `open` in the form of the contract's `config`. What they mean is the component's to say. */
final class Config
{
    private const KEY_HINT = 'write `id:hex`, a short name and 64 hexadecimal digits; keep it as carefully as the database';

    /**
     * @param string|list<string> $given
     * @return list<array{id: string, key: string}>
     */
    public static function sealingKeys(#[SensitiveParameter] string|array $given): array
    {
        $keys = [];
        foreach (is_string($given) ? [$given] : array_values($given) as $index => $key) {
            $field = is_string($given) ? 'sealingKey' : "sealingKey[$index]";
            $parts = explode(':', Json::utf8($field, $key));
            if (count($parts) !== 2) {
                // Never quoted: it is a secret.
                throw new InvalidException($field, 'is no sealing key', self::KEY_HINT);
            }
            $keys[] = ['id' => $parts[0], 'key' => $parts[1]];
        }
        if ($keys === []) {
            throw new InvalidException('sealingKey', 'is missing', self::KEY_HINT);
        }
        return $keys;
    }

    /**
     * The options that are there, by name.
     *
     * @param array<string, mixed> $options
     * @return array<string, mixed>
     */
    public static function given(array $options): array
    {
        return array_filter($options, static fn (mixed $value): bool => $value !== null);
    }
}
