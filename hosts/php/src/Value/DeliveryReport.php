<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The report of one `deliver`. */
final class DeliveryReport extends Result
{
    /** The number of messages whose webhooks were determined. */
    public readonly int $routed;
    /** The number of recorded attempts. */
    public readonly int $attempts;
    /** The number of successful attempts among them. */
    public readonly int $delivered;
    /** The time until the next call of `deliver`: at most 1,000 milliseconds. */
    public readonly int $nextDueMs;
    /** @var list<string> stored rows that could not be decoded, for the administrator; at most 20 */
    public readonly array $problems;

    protected function read(): void
    {
        $this->routed = $this->number('routed');
        $this->attempts = $this->number('attempts');
        $this->delivered = $this->number('delivered');
        $this->nextDueMs = $this->number('nextDueMs');
        $this->problems = $this->items('problems');
    }
}
