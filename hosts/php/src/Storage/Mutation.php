<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** A change of a commit: puts a row or, with null as its value, deletes it. */
final class Mutation
{
    public function __construct(public readonly string $key, public readonly ?string $value)
    {
    }
}
