<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Fpm;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Receiver;
use PDO;
use PHPUnit\Framework\TestCase;

/** A real php-fpm with PHP's default for web servers: only preloaded files may use FFI. */
final class FpmTest extends TestCase
{
    private const REQUESTS = 10_000;
    /** Requests before the measurement, in which allocators take memory that they use again. */
    private const WARM = 200;
    private const GROWTH_KIB_MAX = 2_048;

    public function testMemoryStaysFlatAndCommittedEventsAreStored(): void
    {
        [$fpm, $pdo] = self::started();
        $first = 0;
        for ($n = 0; $n < self::REQUESTS; $n += 1) {
            $answer = json_decode($fpm->get(__DIR__ . '/fpm/event.php', $n % 10 === 0 ? '' : 'rollback'), true);
            self::assertIsInt($answer['us'] ?? null);
            $first = $n === self::WARM ? $answer['kib'] : $first;
        }
        self::assertLessThan($first + self::GROWTH_KIB_MAX, $answer['kib']);
        $count = $pdo->query("SELECT COUNT(*) FROM hookwright WHERE key GLOB '" . Hooks::MESSAGE_ROWS . "*'")->fetchColumn();
        self::assertSame(self::REQUESTS / 10, (int) $count);
    }

    public function testDeliveryAfterTheResponseDoesNotDelayIt(): void
    {
        $receiver = new Receiver();
        [$fpm, $pdo] = self::started();
        $hooks = Hooks::reopen($pdo);
        $webhook = $hooks->register('acme', ['url' => $receiver->url('/slow/1500'), 'events' => ['*']]);
        $begun = microtime(true);
        self::assertSame('accepted', $fpm->get(__DIR__ . '/fpm/finish.php'));
        self::assertSame([], $hooks->attempts('acme', $webhook->id)->data, 'the response did not wait for the receiver');
        // The next request waits for the only worker, which still delivers.
        $fpm->get(__DIR__ . '/fpm/refused.php');
        self::assertGreaterThan(1.5, microtime(true) - $begun);
        self::assertSame('delivered', $hooks->attempts('acme', $webhook->id)->data[0]->state);
    }

    public function testFfiWithoutPreloadingIsRefusedWithAHint(): void
    {
        [$fpm] = self::started(false);
        $answer = $fpm->get(__DIR__ . '/fpm/refused.php');
        self::assertStringContainsString('ffi.enable', $answer);
        self::assertStringContainsString('preload.php', $answer);
    }

    public function testFatalErrorWithinACallEndsTheWorkerAfterTheRequest(): void
    {
        [$fpm] = self::started();
        $script = __DIR__ . '/fpm/fatal.php';
        $first = $fpm->get($script);
        self::assertGreaterThan(0, (int) $first);
        self::assertSame($first, $fpm->get($script));
        self::assertStringNotContainsString($first, $fpm->request($script, 'GET', '/?fatal', [], '', true)[1]);
        $second = $fpm->get($script);
        self::assertGreaterThan(0, (int) $second);
        self::assertNotSame($first, $second);
    }

    public function testManagementApiRespondsBehindAFrontController(): void
    {
        [$fpm] = self::started();
        $script = __DIR__ . '/fpm/api.php';
        $call = static fn (string $method, string $uri, string $user, string $body = ''): array =>
            $fpm->request($script, $method, $uri, $user === '' ? [] : ['HTTP_X_USER' => $user], $body);
        self::assertSame([200, 'not ours'], $call('GET', '/other', 'admin'));
        self::assertSame([200, 'not ours'], $call('GET', '/api/hooksome', 'admin'));
        self::assertSame(401, $call('GET', '/api/hooks/webhooks', '')[0]);
        $registration = '{"url":"https://a.example/in","events":["*"],"name":"Zoë"}';
        self::assertSame(403, $call('POST', '/api/hooks/webhooks', 'reader', $registration)[0]);
        [$status, $body] = $call('POST', '/api/hooks/webhooks', 'admin', $registration);
        self::assertSame(201, $status);
        self::assertSame(['Zoë', 'admin'], [json_decode($body, true)['name'], json_decode($body, true)['userId']]);
        [$status, $body] = $call('GET', '/api/hooks/webhooks?limit=1', 'reader');
        self::assertSame([200, 1], [$status, count(json_decode($body, true)['data'])]);
        self::assertSame(413, $call('POST', '/api/hooks/webhooks', 'admin', str_repeat(' ', 1_048_577))[0]);
        self::assertSame(404, $call('GET', '/api/hooks', 'admin')[0]);
    }

    /** @return array{Fpm, PDO} */
    private static function started(bool $preloaded = true): array
    {
        $dsn = 'sqlite:' . Folder::make() . '/fpm.db';
        $pdo = new PDO($dsn);
        Databases::store($pdo);
        $settings = ['ffi.enable=preload', 'opcache.enable=1'];
        if ($preloaded) {
            $settings[] = 'opcache.preload=' . dirname(__DIR__) . '/preload.php';
        }
        $environment = ['HOOKWRIGHT_TEST_DSN' => $dsn, 'HOOKWRIGHT_TEST_CACHE' => Hooks::cache()];
        return [new Fpm($environment, $settings), $pdo];
    }
}
