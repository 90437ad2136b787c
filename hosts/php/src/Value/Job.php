<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;

/** Work that takes longer than a call. `deliver` runs its steps between deliveries. */
final class Job extends Result
{
    public readonly string $id;
    /** `recover`, `replay`, `erase`, or `purge`, which removes the rows of a removed webhook. */
    public readonly string $kind;
    /** `running`, `done`, `failed` or `cancelled`. */
    public readonly string $state;
    public readonly int $scanned;
    public readonly int $affected;
    public readonly DateTimeImmutable $createdAt;
    public readonly DateTimeImmutable $updatedAt;
    public readonly ?DateTimeImmutable $endedAt;
    public readonly ?string $webhookId;
    public readonly ?string $since;
    public readonly ?string $until;
    public readonly ?string $detail;
    /**
     * The filter that the job was started with. An empty list selects all.
     *
     * @var array<array-key, mixed>
     */
    public readonly array $eventTypes;
    /** @var array<array-key, mixed> */
    public readonly array $states;
    /** @var array<array-key, mixed> */
    public readonly array $statuses;
    /** @var array<array-key, mixed> */
    public readonly array $errors;

    protected function read(): void
    {
        $this->id = $this->text('id');
        $this->kind = $this->text('kind');
        $this->state = $this->text('state');
        $this->scanned = $this->number('scanned');
        $this->affected = $this->number('affected');
        $this->createdAt = $this->time('createdAt');
        $this->updatedAt = $this->time('updatedAt');
        $this->endedAt = $this->optionalTime('endedAt');
        $this->webhookId = $this->optionalText('webhookId');
        $this->since = $this->optionalText('since');
        $this->until = $this->optionalText('until');
        $this->detail = $this->optionalText('detail');
        $this->eventTypes = $this->optionalItems('eventTypes');
        $this->states = $this->optionalItems('states');
        $this->statuses = $this->optionalItems('statuses');
        $this->errors = $this->optionalItems('errors');
    }
}
