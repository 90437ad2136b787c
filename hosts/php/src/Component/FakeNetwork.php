<?php

declare(strict_types=1);

namespace Hookwright\Component;

/**
 * The network of a fake: records requests and completes them with outcomes that the test sets.
 *
 * @internal
 */
final class FakeNetwork implements TestImports
{
    /** @var list<array{method: string, url: string, headers: array<string, string>, body: ?string}> */
    public array $sent = [];
    /** @var array<string, int|string> a status or an error's kind, by URL */
    public array $outcomes = [];
    /** @var list<array<string, mixed>> */
    private array $completions = [];

    public function names(): array
    {
        return ['http'];
    }

    public function serve(array $request): mixed
    {
        if ($request['call'] === 'http-submit') {
            array_map($this->send(...), $request['requests']);
            return null;
        }
        if ($this->completions === [] && $request['timeoutMs'] > 0) {
            usleep(min($request['timeoutMs'], 20) * 1_000);
        }
        $completions = $this->completions;
        $this->completions = [];
        return ['completions' => $completions, 'signal' => 'none'];
    }

    /** @param array<string, mixed> $request */
    private function send(array $request): void
    {
        $headers = [];
        foreach ($request['headers'] as ['name' => $name, 'value' => $value]) {
            $headers[strtolower($name)] = $value;
        }
        ['id' => $id, 'method' => $method, 'url' => $url, 'body' => $body] = $request;
        $this->sent[] = ['method' => $method, 'url' => $url, 'headers' => $headers, 'body' => $body];
        $outcome = $this->outcomes[$url] ?? 200;
        $this->completions[] = ['id' => $id, 'durationMs' => 1, 'outcome' => is_int($outcome)
            ? ['ok' => ['status' => $outcome, 'headers' => [], 'body' => '', 'truncated' => false]]
            : ['error' => ['kind' => $outcome, 'detail' => 'set by the test']]];
    }
}
