<?php

declare(strict_types=1);

namespace Hookwright\Http;

use Closure;
use Hookwright\Hookwright;
use Hookwright\Internal\Limits;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

/** The management API for PSR-15: a middleware that hands on what is not below its mount, or a handler of its own. */
final class ApiHandler implements MiddlewareInterface, RequestHandlerInterface
{
    private readonly Api $api;

    /**
     * @param Closure(ServerRequestInterface): ?Caller $caller who calls; null if nobody is known, which is a 401
     * @param string $mount the path below which the API is, without a slash at its end
     */
    public function __construct(
        Hookwright $hooks,
        private readonly Closure $caller,
        private readonly ResponseFactoryInterface $responses,
        private readonly StreamFactoryInterface $streams,
        string $mount = '',
    ) {
        $this->api = new Api($hooks, $mount);
    }

    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        return $this->answer($request) ?? $handler->handle($request);
    }

    public function handle(ServerRequestInterface $request): ResponseInterface
    {
        return $this->answer($request) ?? $this->responses->createResponse(404);
    }

    private function answer(ServerRequestInterface $request): ?ResponseInterface
    {
        $uri = $request->getUri();
        $answer = $this->api->answer(
            $request->getMethod(),
            $uri->getPath(),
            $uri->getQuery(),
            self::body($request),
            fn (): ?Caller => ($this->caller)($request),
        );
        if ($answer === null) {
            return null;
        }
        $response = $this->responses->createResponse($answer['status']);
        foreach ($answer['headers'] as ['name' => $name, 'value' => $value]) {
            $response = $response->withAddedHeader($name, $value);
        }
        return $response->withBody($this->streams->createStream($answer['body']));
    }

    /** What came, up to a bit more than it may have: whoever read it before has left it at its end. */
    private static function body(ServerRequestInterface $request): string
    {
        $stream = $request->getBody();
        if ($stream->isSeekable()) {
            $stream->rewind();
        }
        $body = '';
        while (!$stream->eof() && strlen($body) <= Limits::BODY_BYTES_MAX) {
            $body .= $stream->read(65_536);
        }
        return $body;
    }
}
