<?php

declare(strict_types=1);

namespace Hookwright;

use DateTimeInterface;
use DateTimeZone;
use JsonSerializable;

/** What a platform reports. Only the type is required; an array with these members serves as well. */
final class Event implements JsonSerializable
{
    /**
     * @param string $type `invoice.paid`; in the profile's catalogue, if the profile has one
     * @param ?string $id the idempotency key: the same event with the same id is accepted once
     * @param ?array{type: string, id: string|int} $subject
     */
    public function __construct(
        public readonly string $type,
        public readonly mixed $data = null,
        public readonly ?string $id = null,
        public readonly ?DateTimeInterface $occurredAt = null,
        public readonly ?array $subject = null,
        public readonly mixed $before = null,
        public readonly mixed $after = null,
        public readonly mixed $context = null,
        public readonly ?string $tenant = null,
    ) {
    }

    /** @return array<string, mixed> */
    public function jsonSerialize(): array
    {
        $utc = new DateTimeZone('UTC');
        $occurredAt = $this->occurredAt === null
            ? null
            : \DateTimeImmutable::createFromInterface($this->occurredAt)->setTimezone($utc)->format('Y-m-d\TH:i:s.v\Z');
        return array_filter(
            ['type' => $this->type, 'id' => $this->id, 'tenant' => $this->tenant, 'occurredAt' => $occurredAt,
                'subject' => $this->subject, 'before' => $this->before, 'after' => $this->after,
                'data' => $this->data, 'context' => $this->context],
            static fn (mixed $value): bool => $value !== null,
        );
    }
}
