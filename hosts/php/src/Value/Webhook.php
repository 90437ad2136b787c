<?php

declare(strict_types=1);

namespace Hookwright\Value;

use DateTimeImmutable;
use SensitiveParameterValue;

/** A registration. */
final class Webhook extends Record
{
    public readonly string $id;
    /** Who registered it by the management API. */
    public readonly ?string $userId;
    public readonly string $name;
    public readonly string $url;
    public readonly string $method;
    /** @var list<string> */
    public readonly array $events;
    public readonly string $format;
    /** @var array<string, string> names, with masked values */
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
    /** Tells secrets apart, and nothing of them. */
    public readonly ?string $secretHint;
    public readonly ?DateTimeImmutable $lastTriggeredAt;
    public readonly ?int $lastResponseCode;
    /** Attempts that failed since the last success. */
    public readonly int $failureCount;
    public readonly DateTimeImmutable $createdAt;
    public readonly DateTimeImmutable $updatedAt;

    /** The secret in clear, where it was just made or set: this once, and never again. */
    public function secret(): ?string
    {
        return $this->optionalText('secret');
    }

    /** @return array<string, mixed> a secret is in no dump */
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
        $this->secretHint = $this->optionalText('secretHint');
        $this->lastTriggeredAt = $this->optionalTime('lastTriggeredAt');
        $this->lastResponseCode = $this->optionalNumber('lastResponseCode');
        $this->failureCount = $this->number('failureCount');
        $this->createdAt = $this->time('createdAt');
        $this->updatedAt = $this->time('updatedAt');
    }
}
