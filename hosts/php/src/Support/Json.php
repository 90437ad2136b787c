<?php

declare(strict_types=1);

namespace Hookwright\Support;

use Hookwright\Exception\InvalidException;
use JsonException;
use JsonSerializable;
use SensitiveParameter;

/**
 * JSON in and out, and the check for UTF-8.
 *
 * @internal
 */
final class Json
{
    private const FLAGS = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES
        | JSON_PRESERVE_ZERO_FRACTION;

    /**
     * Returns a value as JSON text.
     *
     * @param JsonSerializable|array<array-key, mixed> $value
     * @param ?string $field the name of the value, for an error
     */
    public static function encode(JsonSerializable|array $value, ?string $field = null): string
    {
        try {
            return json_encode($value, self::FLAGS);
        } catch (JsonException $error) {
            throw new InvalidException(
                $field,
                "cannot be written as JSON: {$error->getMessage()}",
                'give an array of plain values in UTF-8, or JSON text',
                $error,
            );
        }
    }

    /**
     * Parses the text of an object or an array. The text comes from the component or the bridge, so an error is a bug.
     *
     * @return array<array-key, mixed>
     */
    public static function decode(string $text): array
    {
        /** @var array<array-key, mixed> */
        return json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    }

    /**
     * Returns an argument as JSON text. A string is JSON text already and stays as it is, with its numbers and the order of its keys.
     *
     * @param JsonSerializable|array<array-key, mixed>|string $value
     */
    public static function ofArgument(string $field, JsonSerializable|array|string $value): string
    {
        return is_string($value) ? self::utf8($field, $value) : self::encode($value, $field);
    }

    /** Returns the text if it is UTF-8. Checked here, because the bridge could not name the field. */
    public static function utf8(string $field, #[SensitiveParameter] string $text): string
    {
        return self::isUtf8($text)
            ? $text
            : throw new InvalidException($field, 'is not UTF-8', 'convert it, for example with mb_convert_encoding');
    }

    /** Returns true if the text is UTF-8. */
    public static function isUtf8(string $text): bool
    {
        return preg_match('//u', $text) === 1;
    }
}
