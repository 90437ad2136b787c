<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The settings of a tenant. */
final class Settings extends Result
{
    /** False if responses of receivers are not stored and events are not shown. */
    public readonly bool $keepBodies;

    protected function read(): void
    {
        $this->keepBodies = $this->flag('keepBodies');
    }
}
