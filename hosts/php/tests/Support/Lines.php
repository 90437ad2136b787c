<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Psr\Log\AbstractLogger;

/** A logger that keeps its lines. */
final class Lines extends AbstractLogger
{
    /** @var list<array{mixed, string}> level and message */
    public array $lines = [];

    public function log($level, $message, array $context = []): void
    {
        $this->lines[] = [$level, (string) $message];
    }
}
