<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** A stored row. */
final class Entry
{
    /**
     * @param string $value JSON text
     * @param string $version decimal digits; every put changes it, and no version of a key is used twice
     */
    public function __construct(
        public readonly string $key,
        public readonly string $value,
        public readonly string $version,
    ) {
    }
}
