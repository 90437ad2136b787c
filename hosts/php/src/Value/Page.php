<?php

declare(strict_types=1);

namespace Hookwright\Value;

use ArrayIterator;
use Countable;
use IteratorAggregate;
use Traversable;

/**
 * A part of a list, and the cursor of the next part.
 *
 * @template T of Result
 * @implements IteratorAggregate<int, T>
 */
final class Page implements Countable, IteratorAggregate
{
    /**
     * @param list<T> $data
     * @param ?string $nextCursor null on the last page
     */
    private function __construct(public readonly array $data, public readonly ?string $nextCursor)
    {
    }

    /**
     * @internal
     * @template R of Result
     * @param class-string<R> $class
     * @return self<R>
     */
    public static function fromJson(string $class, string $json): self
    {
        /** @var array{data: list<array<string, mixed>>, nextCursor: ?string} $page */
        $page = json_decode($json, true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
        return new self(array_map($class::fromFields(...), $page['data']), $page['nextCursor']);
    }

    public function count(): int
    {
        return count($this->data);
    }

    public function getIterator(): Traversable
    {
        return new ArrayIterator($this->data);
    }
}
