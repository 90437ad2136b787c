<?php

declare(strict_types=1);

namespace Hookwright\Value;

use Hookwright\Support\Json;

/** A response of the management API. */
final class ApiResponse extends Result
{
    public readonly int $status;
    /** @var list<array{name: string, value: string}> */
    public readonly array $headers;
    public readonly string $body;

    /**
     * Returns what a problem document says.
     *
     * @internal
     */
    public function problem(): string
    {
        $problem = json_decode($this->body, true);
        return is_array($problem) && is_string($problem['detail'] ?? null) ? $problem['detail'] : $this->body;
    }

    /**
     * Returns the response to a failed call without what only the platform may see: a message of the database names users and hosts.
     *
     * @internal
     */
    public function withoutInternals(): self
    {
        $problem = json_decode($this->body, true);
        if (!is_array($problem) || ($this->status === 503 && !str_starts_with($this->problem(), 'storage: '))) {
            return $this;
        }
        $problem['detail'] = $this->status === 503 ? 'the service is unavailable for now' : 'the host failed';
        $problem['hint'] = $this->status === 503 ? 'repeat the request later' : null;
        $body = Json::encode(array_filter($problem, static fn (mixed $member): bool => $member !== null));
        return self::fromFields(['status' => $this->status, 'headers' => $this->headers, 'body' => $body]);
    }

    /**
     * Returns the response with another prefix of the paths in its headers.
     *
     * @internal
     * @param string $mount the path below which the API is
     */
    public function below(string $mount): self
    {
        $headers = array_map(static function (array $header) use ($mount): array {
            $isPath = strtolower($header['name']) === 'location' && str_starts_with($header['value'], '/');
            return $isPath ? ['value' => $mount . $header['value']] + $header : $header;
        }, $this->headers);
        return self::fromFields(['status' => $this->status, 'headers' => $headers, 'body' => $this->body]);
    }

    protected function read(): void
    {
        $this->status = $this->number('status');
        $this->headers = $this->items('headers');
        $this->body = $this->text('body');
    }
}
