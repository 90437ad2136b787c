<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** A response of the management API. */
final class ApiResponse extends Result
{
    public readonly int $status;
    /** @var list<array{name: string, value: string}> */
    public readonly array $headers;
    public readonly string $body;

    protected function read(): void
    {
        $this->status = $this->number('status');
        $this->headers = $this->items('headers');
        $this->body = $this->text('body');
    }
}
