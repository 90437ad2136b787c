<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;
use DateTimeZone;
use Exception;
use Hookwright\Exception\InternalException;
use JsonSerializable;

/** The typed result of a call. `fields` has every member, also members of later versions of the component. */
abstract class Result implements JsonSerializable
{
    /** @param array<string, mixed> $fields as the component returned them */
    final protected function __construct(public readonly array $fields)
    {
        $this->read();
    }

    /** @internal */
    final public static function fromJson(string $json): static
    {
        $fields = json_decode($json, true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
        if (!is_array($fields)) {
            throw new InternalException(null, 'the component returned no object for ' . static::class);
        }
        return new static($fields);
    }

    /**
     * @internal
     * @param array<string, mixed> $fields
     */
    final public static function fromFields(array $fields): static
    {
        return new static($fields);
    }

    /** @return array<string, mixed> */
    public function jsonSerialize(): array
    {
        return $this->fields;
    }

    /** Sets the typed properties from `fields`. */
    abstract protected function read(): void;

    protected function text(string $field): string
    {
        $value = $this->fields[$field] ?? null;
        return is_string($value) ? $value : throw $this->unfit($field);
    }

    protected function optionalText(string $field): ?string
    {
        return isset($this->fields[$field]) ? $this->text($field) : null;
    }

    protected function number(string $field): int
    {
        $value = $this->fields[$field] ?? null;
        return is_int($value) ? $value : throw $this->unfit($field);
    }

    protected function optionalNumber(string $field): ?int
    {
        return isset($this->fields[$field]) ? $this->number($field) : null;
    }

    protected function flag(string $field): bool
    {
        $value = $this->fields[$field] ?? null;
        return is_bool($value) ? $value : throw $this->unfit($field);
    }

    protected function time(string $field): DateTimeImmutable
    {
        try {
            return new DateTimeImmutable($this->text($field), new DateTimeZone('UTC'));
        } catch (Exception) {
            throw $this->unfit($field);
        }
    }

    protected function optionalTime(string $field): ?DateTimeImmutable
    {
        return isset($this->fields[$field]) ? $this->time($field) : null;
    }

    /** @return array<array-key, mixed> */
    protected function items(string $field): array
    {
        $value = $this->fields[$field] ?? null;
        return is_array($value) ? $value : throw $this->unfit($field);
    }

    /** @return array<array-key, mixed> */
    protected function optionalItems(string $field): array
    {
        return isset($this->fields[$field]) ? $this->items($field) : [];
    }

    private function unfit(string $field): InternalException
    {
        $reason = 'is missing or has another type in ' . static::class;
        return new InternalException($field, $reason, 'use package and library of the same release');
    }
}
