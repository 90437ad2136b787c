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
        $hookwright = Hooks::reopen($pdo);
        $webhook = $hookwright->register('acme', ['url' => $receiver->url('/slow/1500'), 'events' => ['*']]);
        $begun = microtime(true);
        self::assertSame('accepted', $fpm->get(__DIR__ . '/fpm/finish.php'));
        self::assertSame([], $hookwright->attempts('acme', $webhook->id)->data, 'the response did not wait for the receiver');
        // The next request waits for the only worker, which still delivers.
        $fpm->get(__DIR__ . '/fpm/refused.php');
        self::assertGreaterThan(1.5, microtime(true) - $begun);
        self::assertSame('delivered', $hookwright->attempts('acme', $webhook->id)->data[0]->state);
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

    public function testJobOfTheManagementApiIsNamedBelowTheMount(): void
    {
        [$fpm, $pdo] = self::started();
        $webhook = Hooks::reopen($pdo)->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $calls = [
            'recover' => [202, 'POST', "/webhooks/$webhook->id/recover", '{"since":"2020-01-01T00:00:00Z"}'],
            'replay' => [202, 'POST', "/webhooks/$webhook->id/replay", '{"since":"2020-01-01T00:00:00Z"}'],
            'erase' => [202, 'POST', '/erase', '{"subject":{"type":"invoice","id":7}}'],
            'remove' => [204, 'DELETE', "/webhooks/$webhook->id", ''],
        ];
        foreach ($calls as $name => [$expected, $method, $path, $body]) {
            [$status, , $head] = $fpm->exchange(__DIR__ . '/fpm/api.php', $method, "/api/hooks$path", ['HTTP_X_USER' => 'admin'], $body);
            self::assertSame($expected, $status, $name);
            self::assertMatchesRegularExpression('~^location: /api/hooks/jobs/\S+\r?$~mi', $head, $name);
            preg_match('~^location: (\S+)~mi', $head, $found);
            self::assertSame(200, $fpm->request(__DIR__ . '/fpm/api.php', 'GET', $found[1], ['HTTP_X_USER' => 'admin'])[0], $name);
        }
    }

    public function testFailureOfTheStoreIsLoggedAndNotShownToTheCaller(): void
    {
        [$fpm] = self::started();
        $headers = ['HTTP_X_USER' => 'admin', 'HTTP_X_FAILURE' => '1'];
        [$status, $body, , $log] = $fpm->exchange(__DIR__ . '/fpm/api.php', 'GET', '/api/hooks/webhooks', $headers);
        self::assertSame(503, $status);
        self::assertSame('the service is unavailable for now', json_decode($body, true)['detail']);
        self::assertStringNotContainsString('shop', $body);
        self::assertStringContainsString("GET /webhooks failed", $log);
        self::assertStringContainsString("Access denied for user 'shop'@'db.internal'", $log);
    }

    public function testFailureOfTheHostIsLogged(): void
    {
        // FFI is not allowed, so no call succeeds.
        [$fpm] = self::started(false);
        [$status, $body, , $log] = $fpm->exchange(__DIR__ . '/fpm/api.php', 'GET', '/api/hooks/webhooks', ['HTTP_X_USER' => 'admin']);
        self::assertSame([500, 'the host failed'], [$status, json_decode($body, true)['detail']]);
        self::assertStringContainsString('ffi.enable', $log);
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
