<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** The conformance cases of each profile, from the event to the bytes on the wire. The Rust host passes the same cases. */
final class ConformanceTest extends TestCase
{
    private const FILE = __DIR__ . '/../../../tests/data/conformance/dialects.json';
    private const ORIGIN = 'https://hooks.example.com';
    /** Headers of the transport, which the cases do not list. */
    private const TRANSPORT = ['host', 'content-length', 'user-agent', 'accept-encoding', 'accept', 'connection'];

    /** @dataProvider profiles */
    public function testRequestsOfAProfileEqualTheCases(string $profile, int $count): void
    {
        /** @var array{cases: list<array<string, mixed>>} $all */
        $all = json_decode((string) file_get_contents(self::FILE), true, 512, JSON_THROW_ON_ERROR);
        $raw = json_decode((string) file_get_contents(self::FILE), false, 512, JSON_THROW_ON_ERROR);
        $cases = array_filter($all['cases'], static fn (array $case): bool => $case['profile'] === $profile);
        self::assertCount($count, $cases);
        $receiver = new Receiver();
        $hookwright = Hooks::open(Databases::connect('sqlite'), $profile);
        foreach ($cases as $index => $case) {
            // One tenant for each case, so that no webhook gets an event of another case.
            $tenant = "tenant-$index";
            $url = $receiver->url(substr($case['webhook']['url'], strlen(self::ORIGIN)));
            $webhook = $hookwright->register($tenant, ['url' => $url, 'events' => ['*']] + $case['webhook'] + ['secret' => '']);
            $begunS = time();
            // Decoded as objects, because PHP would encode an empty object as an array.
            $event = json_encode($raw->cases[$index]->event, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);
            $accepted = $hookwright->onEvent($event, $tenant);
            $report = $hookwright->deliver();
            self::assertSame([1, 1], [$report->attempts, $report->delivered]);
            $requests = $receiver->requests();
            $this->checkRequest($case, end($requests) ?: [], $accepted->messageId, $begunS);
            $attempt = $hookwright->attempts($tenant, $webhook->id)->data[0];
            self::assertSame(
                ['delivered', 200, $accepted->messageId],
                [$attempt->state, $attempt->status, $attempt->messageId],
            );
        }
    }

    /** @return array<string, array{string, int}> */
    public static function profiles(): array
    {
        return ['standard' => ['standard', 1], 'perfex-assets' => ['perfex-assets', 6], 'datagerry' => ['datagerry', 3],
            'perscom' => ['perscom', 3], 'assetsup' => ['assetsup', 1]];
    }

    /**
     * @param array<string, mixed> $case
     * @param array<string, mixed> $request
     */
    private function checkRequest(array $case, array $request, string $messageId, int $begunS): void
    {
        ['method' => $method, 'url' => $url, 'headers' => $headers, 'body' => $body] = $case['request'];
        self::assertSame($method, $request['method']);
        self::assertSame(substr($url, strlen(self::ORIGIN)), $request['target']);
        self::assertSame($body ?? '', $request['body']);
        $found = [];
        foreach ($request['headers'] as [$name, $value]) {
            self::assertArrayNotHasKey(strtolower($name), $found, 'a header is there twice');
            $found[strtolower($name)] = $value;
        }
        $own = array_diff(array_keys($found), self::TRANSPORT);
        self::assertEqualsCanonicalizing(array_map('strtolower', array_keys($headers)), array_values($own));
        // The spelling of a header's name is part of the profile.
        self::assertSame([], array_diff(array_keys($headers), array_column($request['headers'], 0)));
        self::assertStringStartsWith('Hookwright/', $found['user-agent']);
        self::assertSame(['*/*', 'gzip, deflate'], [$found['accept'], $found['accept-encoding']]);
        foreach (array_change_key_case($headers) as $name => $value) {
            $this->checkHeader($case, $name, $value, $found, $messageId, $begunS);
        }
    }

    /**
     * @param array<string, mixed> $case
     * @param array<string, string> $found
     */
    private function checkHeader(array $case, string $name, string $value, array $found, string $id, int $begunS): void
    {
        $sign = static fn (string $id, string $at): string => 'v1,' . base64_encode(hash_hmac(
            'sha256',
            "$id.$at." . $case['request']['body'],
            (string) base64_decode(substr($case['webhook']['secret'] ?? '', strlen('whsec_')), true),
            true,
        ));
        switch ($name) {
            case 'x-asset-webhook-timestamp':
            case 'webhook-timestamp':
                self::assertSame((string) $case['attempt_at'], $value);
                self::assertEqualsWithDelta($begunS, (int) $found[$name], 2);
                break;
            case 'webhook-id':
                self::assertSame($id, $found[$name]);
                break;
            case 'webhook-signature':
                // The same function computes the signature of the case and that of this attempt.
                self::assertSame($sign($case['message_id'], (string) $case['attempt_at']), $value);
                self::assertSame($sign($id, $found['webhook-timestamp']), $found[$name]);
                break;
            default:
                self::assertSame($value, $found[$name], $name);
        }
    }
}
