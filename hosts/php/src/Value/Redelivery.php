<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** Where a message goes once more. */
final class Redelivery extends Record
{
    public readonly string $messageId;
    /** @var list<string> */
    public readonly array $webhookIds;

    protected function read(): void
    {
        $this->messageId = $this->text('messageId');
        $this->webhookIds = $this->items('webhookIds');
    }
}
