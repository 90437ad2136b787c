<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;

/** A message with its latest attempts. */
final class Message extends Record
{
    public readonly string $id;
    public readonly string $type;
    public readonly DateTimeImmutable $occurredAt;
    public readonly DateTimeImmutable $acceptedAt;
    /** Null where no bodies are kept. */
    public readonly mixed $event;
    /** @var list<Attempt> at most 100, of any webhook, newest first */
    public readonly array $attempts;
    /** For `messageAttempts`, which has the rest. */
    public readonly ?string $nextCursor;

    protected function read(): void
    {
        $this->id = $this->text('id');
        $this->type = $this->text('type');
        $this->occurredAt = $this->time('occurredAt');
        $this->acceptedAt = $this->time('acceptedAt');
        $this->event = $this->fields['event'] ?? null;
        $this->attempts = array_values(array_map(Attempt::of(...), $this->items('attempts')));
        $this->nextCursor = $this->optionalText('nextCursor');
    }
}
