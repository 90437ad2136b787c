<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The webhooks to which a message is sent again. */
final class Redelivery extends Result
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
