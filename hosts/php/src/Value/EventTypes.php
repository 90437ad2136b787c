<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** A profile's catalogue. */
final class EventTypes extends Record
{
    public readonly string $profile;
    /** @var list<string> empty: any type is accepted */
    public readonly array $eventTypes;

    protected function read(): void
    {
        $this->profile = $this->text('profile');
        $this->eventTypes = $this->items('eventTypes');
    }
}
