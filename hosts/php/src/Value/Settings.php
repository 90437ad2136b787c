<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** What a tenant has settled for itself. */
final class Settings extends Record
{
    /** With false, nothing that receivers answer is kept, and no event is shown. */
    public readonly bool $keepBodies;

    protected function read(): void
    {
        $this->keepBodies = $this->flag('keepBodies');
    }
}
