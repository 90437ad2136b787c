<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Exception\InvalidException;
use JsonException;
use JsonSerializable;
use SensitiveParameter;

/** JSON in and out, in one way everywhere. */
final class Json
{
    private const FLAGS = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES
        | JSON_PRESERVE_ZERO_FRACTION;

    /**
     * @param JsonSerializable|array<array-key, mixed> $value
     * @param ?string $field what it was given as
     */
    public static function text(JsonSerializable|array $value, ?string $field = null): string
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

    /** @return array<string, mixed> */
    public static function object(string $text): array
    {
        /** @var array<string, mixed> */
        return json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    }

    /**
     * JSON text of what a caller gave, or the text that it is already: its numbers and the order of its keys are then kept.
     *
     * @param JsonSerializable|array<array-key, mixed>|string $value
     */
    public static function given(string $field, JsonSerializable|array|string $value): string
    {
        return is_string($value) ? self::utf8($field, $value) : self::text($value, $field);
    }

    /** The text, if it is UTF-8: bytes of another kind would be refused at the boundary without the name of their field. */
    public static function utf8(string $field, #[SensitiveParameter] string $text): string
    {
        return self::isUtf8($text)
            ? $text
            : throw new InvalidException($field, 'is not UTF-8', 'convert it, for example with mb_convert_encoding');
    }

    public static function isUtf8(string $text): bool
    {
        return preg_match('//u', $text) === 1;
    }
}
