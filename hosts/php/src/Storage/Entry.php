<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** A stored row. */
final class Entry
{
    /**
     * @param string $value JSON text
     * @param string $version decimal digits; changes with every put, and is never used again for this key
     */
    public function __construct(
        public readonly string $key,
        public readonly string $value,
        public readonly string $version,
    ) {
    }
}
