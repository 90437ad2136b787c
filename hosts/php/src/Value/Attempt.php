<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;

/** One HTTP request of a delivery, with its outcome. */
final class Attempt extends Result
{
    public readonly string $messageId;
    public readonly string $webhookId;
    public readonly string $eventType;
    /** The number of the attempt within its delivery, from 1. */
    public readonly int $number;
    public readonly DateTimeImmutable $at;
    public readonly int $durationMs;
    /** `delivered`, `retrying`, `exhausted`, `skipped`, `cancelled`, or `failed` if no request could be made. */
    public readonly string $state;
    public readonly ?int $status;
    public readonly ?string $error;
    public readonly ?string $detail;
    public readonly ?string $responseExcerpt;
    public readonly ?DateTimeImmutable $nextAttemptAt;
    public readonly bool $isTest;

    protected function read(): void
    {
        $this->messageId = $this->text('messageId');
        $this->webhookId = $this->text('webhookId');
        $this->eventType = $this->text('eventType');
        $this->number = $this->number('number');
        $this->at = $this->time('at');
        $this->durationMs = $this->number('durationMs');
        $this->state = $this->text('state');
        $this->status = $this->optionalNumber('status');
        $this->error = $this->optionalText('error');
        $this->detail = $this->optionalText('detail');
        $this->responseExcerpt = $this->optionalText('responseExcerpt');
        $this->nextAttemptAt = $this->optionalTime('nextAttemptAt');
        $this->isTest = $this->flag('isTest');
    }
}
