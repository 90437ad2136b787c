<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** An accepted event. */
final class Accepted extends Result
{
    /** The message's id: `msg_` and 26 characters. Every attempt has it. */
    public readonly string $messageId;
    /** False if the same event was accepted before. The call then had no effect. */
    public readonly bool $isNew;

    protected function read(): void
    {
        $this->messageId = $this->text('messageId');
        $this->isNew = $this->flag('new');
    }
}
