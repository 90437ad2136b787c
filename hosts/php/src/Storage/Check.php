<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** A condition of a commit: the row has this version or, with null, does not exist. */
final class Check
{
    /** @param ?string $version decimal digits of an unsigned 64-bit number, which can exceed PHP's integers */
    public function __construct(public readonly string $key, public readonly ?string $version)
    {
    }
}
