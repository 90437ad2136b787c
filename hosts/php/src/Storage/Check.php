<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** A condition of a commit: the row has this version, or, with null, is absent. */
final class Check
{
    /** @param ?string $version decimal digits: an unsigned number of 64 bits, which PHP's integers do not hold */
    public function __construct(public readonly string $key, public readonly ?string $version)
    {
    }
}
