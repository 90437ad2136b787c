<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** What a call of `deliver` did. */
final class DeliveryReport extends Record
{
    /** Messages whose webhooks were determined. */
    public readonly int $routed;
    /** Attempts made and recorded. */
    public readonly int $attempts;
    /** Of these, the successful ones. */
    public readonly int $delivered;
    /** Milliseconds until `deliver` should be called again; never more than 1,000. */
    public readonly int $nextDueMs;
    /** @var list<string> stored rows that could not be read, for the operator; at most 20 */
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
