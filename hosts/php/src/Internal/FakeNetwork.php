<?php

declare(strict_types=1);

namespace Hookwright\Internal;

/** The network of a fake: notes what would be sent, and answers as it was told. */
final class FakeNetwork implements Outside
{
    /** @var list<array{method: string, url: string, headers: array<string, string>, body: ?string}> */
    public array $sent = [];
    /** @var array<string, int|string> a status, or an error's kind, by URL */
    public array $answers = [];
    /** @var list<array<string, mixed>> */
    private array $finished = [];

    public function serves(): array
    {
        return ['http'];
    }

    public function answer(array $asked): mixed
    {
        if ($asked['call'] === 'http-submit') {
            array_map($this->submit(...), $asked['requests']);
            return null;
        }
        if ($this->finished === [] && $asked['timeoutMs'] > 0) {
            usleep(min($asked['timeoutMs'], 20) * 1_000);
        }
        $completions = $this->finished;
        $this->finished = [];
        return ['completions' => $completions, 'signal' => 'none'];
    }

    /** @param array<string, mixed> $request */
    private function submit(array $request): void
    {
        $headers = [];
        foreach ($request['headers'] as ['name' => $name, 'value' => $value]) {
            $headers[strtolower($name)] = $value;
        }
        $body = $request['body'] ?? null;
        $this->sent[] = [
            'method' => $request['method'],
            'url' => $request['url'],
            'headers' => $headers,
            'body' => is_array($body) ? $body['text'] ?? base64_decode($body['base64'] ?? '', true) : $body,
        ];
        $outcome = $this->answers[$request['url']] ?? 200;
        $this->finished[] = ['id' => $request['id'], 'durationMs' => 1, 'outcome' => is_int($outcome)
            ? ['ok' => ['status' => $outcome, 'headers' => [], 'body' => '', 'truncated' => false]]
            : ['error' => ['kind' => $outcome, 'detail' => 'as the fake was told']]];
    }
}
