<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;
use SensitiveParameterValue;

/** A webhook. */
final class Webhook extends Result
{
    public readonly string $id;
    /** The user who registered the webhook through the management API. */
    public readonly ?string $userId;
    public readonly string $name;
    public readonly string $url;
    public readonly string $method;
    /** @var list<string> */
    public readonly array $events;
    public readonly string $format;
    /** @var array<string, string> the values are masked */
    public readonly array $headers;
    public readonly bool $isActive;
    public readonly ?string $inactiveReason;
    public readonly int $timeoutMs;
    /** @var list<int> the waits after each failed attempt, in seconds */
    public readonly array $schedule;
    public readonly int $concurrency;
    public readonly ?int $ratePerMinute;
    public readonly bool $keepBodies;
    public readonly bool $strictOrder;
    public readonly string $onExhausted;
    /** When the pause ends; null: the webhook is not paused. */
    public readonly ?DateTimeImmutable $pausedUntil;
    /** @var ?list<int|string> the statuses of success: 200, `2xx` or `200-204`; null: unknown, as the format is */
    public readonly ?array $successStatuses;
    /** @var ?list<int|string> the statuses that end a message at once; null: unknown, as the format is */
    public readonly ?array $finalStatuses;
    /** Distinguishes secrets without revealing them. */
    public readonly ?string $secretHint;
    /** During a rotation: when the newest secret begins to sign. */
    public readonly ?DateTimeImmutable $newSecretSignsFrom;
    /** During a rotation: when the last of the earlier secrets ends. */
    public readonly ?DateTimeImmutable $oldSecretSignsUntil;
    public readonly ?DateTimeImmutable $lastTriggeredAt;
    public readonly ?int $lastResponseCode;
    /** The number of failed attempts since the last success. */
    public readonly int $failureCount;
    public readonly DateTimeImmutable $createdAt;
    public readonly DateTimeImmutable $updatedAt;
    /** @var list<string> effects of its settings that may surprise, such as a query that the format never sends */
    public readonly array $warnings;

    /** Returns the secret in clear text. Only the call that created or set the secret returns it. */
    public function secret(): ?string
    {
        return $this->optionalText('secret');
    }

    /** @return array<string, mixed> without the secret, so that dumps never contain it */
    public function __debugInfo(): array
    {
        $shown = get_object_vars($this);
        if (isset($this->fields['secret'])) {
            $shown['fields']['secret'] = new SensitiveParameterValue(null);
        }
        return $shown;
    }

    protected function read(): void
    {
        $this->id = $this->text('id');
        $this->userId = $this->optionalText('userId');
        $this->name = $this->text('name');
        $this->url = $this->text('url');
        $this->method = $this->text('method');
        $this->events = $this->items('events');
        $this->format = $this->text('format');
        $this->headers = $this->items('headers');
        $this->isActive = $this->flag('isActive');
        $this->inactiveReason = $this->optionalText('inactiveReason');
        $this->timeoutMs = $this->number('timeoutMs');
        $this->schedule = $this->items('schedule');
        $this->concurrency = $this->number('concurrency');
        $this->ratePerMinute = $this->optionalNumber('ratePerMinute');
        $this->keepBodies = $this->flag('keepBodies');
        $this->strictOrder = $this->flag('strictOrder');
        $this->onExhausted = $this->text('onExhausted');
        $this->pausedUntil = $this->optionalTime('pausedUntil');
        $this->successStatuses = isset($this->fields['successStatuses']) ? $this->items('successStatuses') : null;
        $this->finalStatuses = isset($this->fields['finalStatuses']) ? $this->items('finalStatuses') : null;
        $this->secretHint = $this->optionalText('secretHint');
        $this->newSecretSignsFrom = $this->optionalTime('newSecretSignsFrom');
        $this->oldSecretSignsUntil = $this->optionalTime('oldSecretSignsUntil');
        $this->lastTriggeredAt = $this->optionalTime('lastTriggeredAt');
        $this->lastResponseCode = $this->optionalNumber('lastResponseCode');
        $this->failureCount = $this->number('failureCount');
        $this->createdAt = $this->time('createdAt');
        $this->updatedAt = $this->time('updatedAt');
        $this->warnings = $this->items('warnings');
    }
}
