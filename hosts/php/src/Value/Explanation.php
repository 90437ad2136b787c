<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The state of a delivery, and the steps that led to it. */
final class Explanation extends Result
{
    public readonly string $messageId;
    public readonly string $webhookId;
    /** `accepted`, `waiting`, the final state of an attempt, or `none` if the message was not routed to the webhook. */
    public readonly string $state;
    /** @var list<array{at: string, step: string, detail: string}> */
    public readonly array $steps;

    protected function read(): void
    {
        $this->messageId = $this->text('messageId');
        $this->webhookId = $this->text('webhookId');
        $this->state = $this->text('state');
        $this->steps = $this->items('steps');
    }
}
