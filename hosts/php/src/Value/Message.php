<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;

/** An accepted event with its latest attempts. */
final class Message extends Result
{
    public readonly string $id;
    public readonly string $type;
    public readonly DateTimeImmutable $occurredAt;
    public readonly DateTimeImmutable $acceptedAt;
    /** The event. Null if the tenant or a webhook keeps no bodies. */
    public readonly mixed $event;
    /** @var list<Attempt> of all webhooks, newest first; at most 100 */
    public readonly array $attempts;
    /** The cursor of the next attempts for `messageAttempts`. */
    public readonly ?string $nextCursor;

    protected function read(): void
    {
        $this->id = $this->text('id');
        $this->type = $this->text('type');
        $this->occurredAt = $this->time('occurredAt');
        $this->acceptedAt = $this->time('acceptedAt');
        $this->event = $this->fields['event'] ?? null;
        $this->attempts = array_values(array_map(Attempt::fromFields(...), $this->items('attempts')));
        $this->nextCursor = $this->optionalText('nextCursor');
    }
}
