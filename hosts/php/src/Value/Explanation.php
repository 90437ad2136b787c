<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** Why a delivery is where it is. */
final class Explanation extends Record
{
    public readonly string $messageId;
    public readonly string $webhookId;
    /** `accepted`, `waiting`, a final state of an attempt, or `none`: the message was not routed to this webhook. */
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
