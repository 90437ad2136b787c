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
     * @param int $flags further flags of `json_encode`
     */
    public static function encode(JsonSerializable|array $value, ?string $field = null, int $flags = 0): string
    {
        try {
            return json_encode($value, self::FLAGS | $flags);
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
        try {
            /** @var array<array-key, mixed> */
            return json_decode($text, true, 512, JSON_THROW_ON_ERROR);
        } catch (JsonException $error) {
            if ($error->getCode() !== JSON_ERROR_UTF16) {
                throw $error;
            }
            /** @var array<array-key, mixed> */
            return json_decode(self::withoutHalves($text), true, 512, JSON_THROW_ON_ERROR);
        }
    }

    /**
     * Returns an event as JSON text. Bytes of an array or object that are not UTF-8 become U+FFFD, so that no save fails because of
     * a character in a text field.
     *
     * @param JsonSerializable|array<array-key, mixed>|string $event
     */
    public static function ofEvent(string $field, JsonSerializable|array|string $event): string
    {
        return is_string($event)
            ? self::utf8($field, $event)
            : self::encode($event, $field, JSON_INVALID_UTF8_SUBSTITUTE);
    }

    /** Returns JSON text with U+FFFD for each half of a surrogate pair, which an event may have and PHP cannot decode. */
    private static function withoutHalves(string $text): string
    {
        $escape = '/\\\\(?:u([0-9a-fA-F]{4})(?:\\\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|.)/s';
        return (string) preg_replace_callback($escape, static function (array $found): string {
            if (!isset($found[1])) {
                return $found[0];
            }
            $first = hexdec($found[1]);
            $isHigh = $first >= 0xD800 && $first <= 0xDBFF;
            if ($isHigh && isset($found[2])) {
                return $found[0];
            }
            $isHalf = $isHigh || ($first >= 0xDC00 && $first <= 0xDFFF);
            return ($isHalf ? '\ufffd' : "\\u{$found[1]}") . (isset($found[2]) ? '\ufffd' : '');
        }, $text);
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
