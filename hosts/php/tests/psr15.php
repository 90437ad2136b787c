<?php

// Runs in a process with PHP's extension `psr`, which has the PSR-15 interfaces. Debian packages them only so.

declare(strict_types=1);

use Hookwright\Http\ApiHandler;
use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Value\Caller;
use Nyholm\Psr7\Factory\Psr17Factory;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\RequestHandlerInterface;

require __DIR__ . '/bootstrap.php';
require_once 'Nyholm/Psr7/autoload.php';

$factory = new Psr17Factory();
$hookwright = Hookwright::open(new MemoryStorage(), Hooks::config()->withCache($argv[1]));
$caller = static fn (ServerRequestInterface $request): ?Caller => $request->hasHeader('X-User')
    ? new Caller('acme', $request->getHeaderLine('X-User'), ['manage:webhook'])
    : null;
$api = new ApiHandler($hookwright, $caller, $factory, $factory, '/hooks');
$next = new class ($factory) implements RequestHandlerInterface {
    public function __construct(private Psr17Factory $factory)
    {
    }

    public function handle(ServerRequestInterface $request): ResponseInterface
    {
        return $this->factory->createResponse(204);
    }
};
$request = static fn (string $method, string $path, string $body = '', bool $known = true): ServerRequestInterface =>
    ($known ? $factory->createServerRequest($method, $path)->withHeader('X-User', 'u1') : $factory->createServerRequest($method, $path))
        ->withBody($factory->createStream($body));
$responses = [
    $api->process($request('GET', '/other'), $next),
    $api->handle($request('GET', '/other')),
    $api->process($request('GET', '/hooks/webhooks', '', false), $next),
    $api->process($request('POST', '/hooks/webhooks', '{"url":"https://a.example/in","events":["*"]}'), $next),
    $api->handle($request('GET', '/hooks/webhooks?limit=1')),
    $api->handle($request('POST', '/hooks/webhooks', str_repeat(' ', 1_048_577))),
    $api->handle($request('POST', '/hooks/erase', '{"subject":{"type":"invoice","id":7}}')),
];
foreach ($responses as $response) {
    echo $response->getStatusCode(), ' ', $response->getHeaderLine('Content-Type'), "\n";
}
echo count(json_decode((string) $responses[4]->getBody(), true)['data']), "\n";
echo (string) preg_replace('~[^/]+$~', 'ID', $responses[6]->getHeaderLine('Location')), "\n";
