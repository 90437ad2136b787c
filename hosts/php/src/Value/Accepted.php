<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** An event was accepted. */
final class Accepted extends Record
{
    /** `msg_` and 26 characters, which every attempt carries. */
    public readonly string $messageId;
    /** False if the same event had been accepted before: nothing was done. */
    public readonly bool $isNew;

    protected function read(): void
    {
        $this->messageId = $this->text('messageId');
        $this->isNew = $this->flag('new');
    }
}
