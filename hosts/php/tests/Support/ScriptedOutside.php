<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Internal\Outside;

/** The outside of a replayed history: a clock that only steps and waits move, counted bytes, planned answers. */
final class ScriptedOutside implements Outside
{
    public int $nowMs = 0;
    /** @var list<int|string> what receivers answer next */
    public array $planned = [];
    /** @var list<list<mixed>> */
    public array $requests = [];
    private int $random = 0;
    /** @var list<array<string, mixed>> */
    private array $finished = [];

    public function serves(): array
    {
        return ['http', 'clock', 'random'];
    }

    public function answer(array $asked): mixed
    {
        return match ($asked['call']) {
            'now' => (string) ($this->nowMs * 1_000),
            'random' => $this->bytes($asked['bytes']),
            'http-submit' => $this->submit($asked['requests']),
            'http-wait' => $this->wait($asked['timeoutMs']),
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

    /** @param array<string, mixed> $asked */
    private function send(array $asked): void
    {
        $headers = array_map(static fn (array $one): array => [$one['name'], $one['value']], $asked['headers']);
        $body = is_array($asked['body']) ? current($asked['body']) : $asked['body'];
        $this->requests[] = [$asked['method'], $asked['url'], $headers, $body, $asked['timeoutMs'],
            $asked['responseBytesMax'], $asked['egress']['allow'], $asked['egress']['deny']];
        $answer = array_shift($this->planned) ?? 200;
        $this->finished[] = ['id' => $asked['id'], 'durationMs' => 7, 'outcome' => is_int($answer)
            ? ['ok' => ['status' => $answer, 'headers' => [], 'body' => '{"seen":true}', 'truncated' => false]]
            : ['error' => ['kind' => 'connect', 'detail' => 'nobody there']]];
    }

    /** @return array<string, mixed> */
    private function wait(int $timeoutMs): array
    {
        if ($this->finished === []) {
            $this->nowMs += $timeoutMs;
        }
        $completions = $this->finished;
        $this->finished = [];
        return ['completions' => $completions, 'signal' => 'none'];
    }
}
