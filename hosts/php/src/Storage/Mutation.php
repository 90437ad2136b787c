<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** One change of a commit: a row is written, or, with null as its value, removed. */
final class Mutation
{
    public function __construct(public readonly string $key, public readonly ?string $value)
    {
    }
}
