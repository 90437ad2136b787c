<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Component\Imports;
use Hookwright\Component\Instance;
use Hookwright\Exception\HookwrightException;
use Hookwright\Native\Library;
use Hookwright\Storage\Entry;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\RecordingStorage;
use Hookwright\Tests\Support\ScriptedImports;
use PHPUnit\Framework\TestCase;

/**
 * The scripted histories, replayed in this host and in the Rust host with injected ids, clock and network. Values, requests, commits and
 * rows must be the same.
 */
final class HistoryTest extends TestCase
{
    private const FILE = __DIR__ . '/../../../tests/data/history/histories.json';
    private const PAGE = 50;

    public function testHistoriesCallEveryFunctionOfTheContract(): void
    {
        $wit = (string) file_get_contents(__DIR__ . '/../../../wit/webhooks.wit');
        self::assertGreaterThan(20, preg_match_all('/^  %?([a-z-]+): func\(/m', $wit, $found));
        $called = [];
        foreach (self::histories() as $history) {
            $called = [...$called, ...array_column($history['steps'], 'call')];
        }
        self::assertSame(['configure'], array_values(array_diff(array_map(self::camel(...), $found[1]), $called)));
    }

    /** @dataProvider stores */
    public function testHistoriesEndAsInTheRustHost(string $store): void
    {
        $text = (string) file_get_contents(self::FILE);
        [, $output] = Program::run([Program::path('HOOKWRIGHT_HISTORY')], [], [0], $text);
        /** @var list<array<string, mixed>> $expected */
        $expected = json_decode($output, true, 512, JSON_THROW_ON_ERROR);
        $histories = self::histories();
        self::assertCount(count($histories), $expected);
        self::assertGreaterThan(10, count($histories));
        foreach ($histories as $index => $history) {
            $storage = $store === 'memory' ? new MemoryStorage() : Databases::store(Databases::connect($store));
            $result = self::replay($history, $storage);
            self::assertNotEmpty($result['rows']);
            if ($store !== 'memory') {
                // Each database numbers its versions differently.
                $result = self::withoutVersions($result);
                $expected[$index] = self::withoutVersions($expected[$index]);
            }
            foreach (['answers', 'requests', 'commits', 'rows'] as $part) {
                self::assertSame($expected[$index][$part], $result[$part], "$history[name]: $part");
            }
        }
    }

    /** @return array<string, array{string}> */
    public static function stores(): array
    {
        return ['memory' => ['memory'], 'sqlite' => ['sqlite'], 'postgres' => ['postgres'], 'mariadb' => ['mariadb']];
    }

    /**
     * @param array<string, mixed> $history
     * @return array<string, mixed>
     */
    private static function replay(array $history, Storage $storage): array
    {
        $imports = new ScriptedImports();
        $recording = new RecordingStorage($storage);
        $instance = new Instance(Library::load(), '{}', [
            'profile' => $history['config']['profile'],
            'sealingKeys' => [['id' => 'k1', 'key' => str_repeat('07', 32)]],
            'allowDestinations' => $history['config']['allowDestinations'] ?? [],
        ], new Imports($recording, null, $imports));
        $answers = [];
        foreach ($history['steps'] as $step) {
            $step = self::resolved($step, $answers);
            $imports->nowMs = $step['atMs'] ?? $imports->nowMs;
            $imports->planned = $step['answers'] ?? [];
            try {
                $answers[] = self::call($instance, $step);
            } catch (HookwrightException $error) {
                $answers[] = ['error' => ['field' => $error->field, 'hint' => $error->hint,
                    'kind' => $error->kind(), 'message' => $error->reason]];
            }
        }
        $rows = array_map(
            static fn (Entry $row): array => [$row->key, $row->value, $row->version],
            $storage->scan('!', '~', 1_000, Order::Forward),
        );
        return ['answers' => $answers, 'requests' => $imports->requests, 'commits' => $recording->commits, 'rows' => $rows];
    }

    /** Makes the call of a step. Returns its value in the form of the Rust host's replay. */
    private static function call(Instance $instance, array $step): mixed
    {
        $call = $step['call'];
        $tenant = $step['tenant'] ?? ($call === 'onEvent' || $call === 'onEvents' ? null : 'acme');
        $webhook = ['tenant' => $tenant, 'webhookId' => $step['id'] ?? ''];
        $message = ['tenant' => $tenant, 'messageId' => $step['message'] ?? ''];
        $json = $step['json'] ?? '';
        $page = ['cursor' => null, 'limit' => $step['limit'] ?? self::PAGE];
        $arguments = match ($call) {
            'onEvent' => ['tenant' => $tenant, 'event' => $json],
            'onEvents' => ['tenant' => $tenant, 'events' => $step['events']],
            'register' => ['tenant' => $tenant, 'registration' => $json],
            'update' => $webhook + ['changes' => $json],
            'get', 'unregister', 'testWebhook' => $webhook,
            'list', 'jobs' => ['tenant' => $tenant] + $page,
            'rotateSecret' => $webhook + ['secret' => $step['secret'] ?? null, 'overlapS' => null],
            'attempts' => $webhook + $page,
            'message' => $message,
            'messageAttempts' => $message + $page,
            'payload', 'explain' => $message + $webhook,
            'redeliver' => $message + ['webhookId' => $step['id'] ?? null],
            'recover', 'replay' => $webhook + ['range' => $json],
            'erase' => ['tenant' => $tenant, 'request' => $json],
            'job', 'cancelJob' => ['tenant' => $tenant, 'jobId' => $step['id'] ?? ''],
            'settings' => ['tenant' => $tenant],
            'updateSettings' => ['tenant' => $tenant, 'changes' => $json],
            'eventTypes', 'reclaimLeases' => [],
            'deliver' => ['budget' => ['timeMs' => 60_000, 'attemptsMax' => 1_000]],
            'handle' => [
                'request' => ['method' => $step['method'] ?? 'GET', 'path' => $step['path'] ?? '/',
                    'query' => $step['query'] ?? '', 'body' => $json],
                'caller' => ['tenant' => $tenant, 'user' => 'u1', 'permissions' => ['manage:webhook']],
            ],
        };
        $kebab = strtolower((string) preg_replace('/[A-Z]/', '-$0', $call));
        $text = $instance->call($call === 'handle' ? 'console.handle' : "webhooks.$kebab", $arguments);
        $answer = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
        return match ($call) {
            'onEvent' => [$answer['messageId'], $answer['new']],
            'onEvents' => array_merge(...array_map(static fn (array $accepted): array =>
                [$accepted['messageId'], $accepted['new']], $answer)),
            'deliver' => [$answer['routed'], $answer['attempts'], $answer['delivered'], $answer['nextDueMs'], $answer['problems']],
            'handle' => [$answer['status'], array_map(static fn (array $header): array =>
                [$header['name'], $header['value']], $answer['headers']), $answer['body']],
            default => $answer,
        };
    }

    /**
     * Replaces references to earlier steps with the ids that these returned.
     *
     * @param array<string, mixed> $step
     * @param list<mixed> $answers
     * @return array<string, mixed>
     */
    private static function resolved(array $step, array $answers): array
    {
        foreach (['id', 'message'] as $name) {
            if (str_starts_with($step[$name] ?? '', '#')) {
                $answer = $answers[(int) substr($step[$name], 1)];
                $step[$name] = is_string($answer) ? json_decode($answer, true)['id'] : $answer[0];
            }
        }
        return $step;
    }

    /**
     * @param array<string, mixed> $result
     * @return array<string, mixed>
     */
    private static function withoutVersions(array $result): array
    {
        $result['rows'] = array_map(static fn (array $row): array => [$row[0], $row[1]], $result['rows']);
        $result['commits'] = array_map(static fn (array $commit): array => [
            array_map(static fn (array $check): array => [$check[0], $check[1] !== null], $commit[0]),
            $commit[1],
        ], $result['commits']);
        return $result;
    }

    /** @return list<array<string, mixed>> */
    private static function histories(): array
    {
        return json_decode((string) file_get_contents(self::FILE), true, 512, JSON_THROW_ON_ERROR);
    }

    private static function camel(string $name): string
    {
        return lcfirst(str_replace('-', '', ucwords($name, '-')));
    }
}
