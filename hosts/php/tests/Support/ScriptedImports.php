<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Component\TestImports;

/** The imports of a replayed history: a clock that only steps and waits advance, counted bytes, and planned responses. */
final class ScriptedImports implements TestImports
{
    public int $nowMs = 0;
    /** @var list<int|string> the next outcomes of requests */
    public array $planned = [];
    /** @var list<list<mixed>> */
    public array $requests = [];
    private int $random = 0;
    /** @var list<array<string, mixed>> */
    private array $completions = [];

    public function names(): array
    {
        return ['http', 'clock', 'random'];
    }

    public function serve(array $request): mixed
    {
        return match ($request['call']) {
            'now' => (string) ($this->nowMs * 1_000),
            'random' => $this->bytes($request['bytes']),
            'http-submit' => $this->submit($request['requests']),
            'http-wait' => $this->wait($request['timeoutMs']),
        };
    }

    private function bytes(int $count): string
    {
        $hex = '';
        for ($left = $count; $left > 0; $left -= 1) {
            $this->random += 1;
            $hex .= sprintf('%02x', $this->random * 167 % 251);
        }
        return $hex;
    }

    /** @param list<array<string, mixed>> $requests */
    private function submit(array $requests): mixed
    {
        array_map($this->send(...), $requests);
        return null;
    }

    /** @param array<string, mixed> $request */
    private function send(array $request): void
    {
        $headers = array_map(static fn (array $header): array => [$header['name'], $header['value']], $request['headers']);
        $this->requests[] = [$request['method'], $request['url'], $headers, $request['body'], $request['timeoutMs'],
            $request['responseBytesMax'], $request['egress']['allow'], $request['egress']['deny']];
        $outcome = array_shift($this->planned) ?? 200;
        $this->completions[] = ['id' => $request['id'], 'durationMs' => 7, 'outcome' => is_int($outcome)
            ? ['ok' => ['status' => $outcome, 'headers' => [], 'body' => '{"seen":true}', 'truncated' => false]]
            : ['error' => ['kind' => 'connect', 'detail' => 'nobody there']]];
    }

    /** @return array<string, mixed> */
    private function wait(int $timeoutMs): array
    {
        if ($this->completions === []) {
            $this->nowMs += $timeoutMs;
        }
        $completions = $this->completions;
        $this->completions = [];
        return ['completions' => $completions, 'signal' => 'none'];
    }
}
