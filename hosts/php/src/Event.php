<?php

declare(strict_types=1);

namespace Hookwright;

use DateTimeImmutable;
use DateTimeInterface;
use DateTimeZone;
use JsonSerializable;

/** An event. Only the type is required. Calls also accept an array with the same members. */
final class Event implements JsonSerializable
{
    private mixed $before = null;
    private mixed $after = null;
    private mixed $context = null;

    /**
     * @param string $type `invoice.paid`; must be in the profile's catalogue if the profile has one
     * @param ?string $id the idempotency key: the same event with the same id is accepted once
     * @param ?array{type: string, id: string|int} $subject the object that the event is about
     * @param ?DateTimeInterface $occurredAt by default the time at which the event is accepted
     */
    public function __construct(
        private readonly string $type,
        private readonly mixed $data = null,
        private readonly ?string $id = null,
        private readonly ?array $subject = null,
        private readonly ?DateTimeInterface $occurredAt = null,
        private readonly ?string $tenant = null,
    ) {
    }

    /** Returns a copy with the object's state before and after the event; null if it did not exist. */
    public function withChange(mixed $before, mixed $after): self
    {
        $copy = clone $this;
        $copy->before = $before;
        $copy->after = $after;
        return $copy;
    }

    /** Returns a copy with context, such as the acting user. */
    public function withContext(mixed $context): self
    {
        $copy = clone $this;
        $copy->context = $context;
        return $copy;
    }

    /** @return array<string, mixed> */
    public function jsonSerialize(): array
    {
        $occurredAt = $this->occurredAt === null ? null : DateTimeImmutable::createFromInterface($this->occurredAt)
            ->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z');
        $members = ['type' => $this->type, 'id' => $this->id, 'tenant' => $this->tenant, 'occurredAt' => $occurredAt,
            'subject' => $this->subject, 'before' => $this->before, 'after' => $this->after, 'data' => $this->data,
            'context' => $this->context];
        return array_filter($members, static fn (mixed $value): bool => $value !== null);
    }
}
