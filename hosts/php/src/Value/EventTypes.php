<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The event types of a profile. */
final class EventTypes extends Result
{
    public readonly string $profile;
    /** @var list<string> empty if the profile accepts every type */
    public readonly array $eventTypes;

    protected function read(): void
    {
        $this->profile = $this->text('profile');
        $this->eventTypes = $this->items('eventTypes');
    }
}
