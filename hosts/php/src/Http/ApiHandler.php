<?php

declare(strict_types=1);

namespace Hookwright\Http;

use Closure;
use Hookwright\Hookwright;
use Hookwright\Support\Limits;
use Hookwright\Value\Caller;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

/** The management API for PSR-15: a request handler, and a middleware that passes on requests that are not below its mount. */
final class ApiHandler implements MiddlewareInterface, RequestHandlerInterface
{
    private const READ_BYTES = 65_536;

    private readonly Api $api;

    /**
     * @param Closure(ServerRequestInterface): ?Caller $caller returns the caller; null for an unknown caller, who gets a 401
     * @param string $mount the path below which the API is
     */
    public function __construct(
        Hookwright $hookwright,
        private readonly Closure $caller,
        private readonly ResponseFactoryInterface $responses,
        private readonly StreamFactoryInterface $streams,
        string $mount = '',
    ) {
        $this->api = new Api($hookwright, $mount);
    }

    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        return $this->respond($request) ?? $handler->handle($request);
    }

    public function handle(ServerRequestInterface $request): ResponseInterface
    {
        return $this->respond($request) ?? $this->responses->createResponse(404);
    }

    private function respond(ServerRequestInterface $request): ?ResponseInterface
    {
        $uri = $request->getUri();
        $api = $this->api->handle(
            $request->getMethod(),
            $uri->getPath(),
            $uri->getQuery(),
            self::body($request),
            fn (): ?Caller => ($this->caller)($request),
        );
        if ($api === null) {
            return null;
        }
        $response = $this->responses->createResponse($api->status);
        foreach ($api->headers as ['name' => $name, 'value' => $value]) {
            $response = $response->withAddedHeader($name, $value);
        }
        return $response->withBody($this->streams->createStream($api->body));
    }

    /** Returns the body, or its beginning if it is too large. */
    private static function body(ServerRequestInterface $request): string
    {
        $stream = $request->getBody();
        // Earlier middleware may have read it to its end.
        if ($stream->isSeekable()) {
            $stream->rewind();
        }
        $body = '';
        while (!$stream->eof() && strlen($body) <= Limits::BODY_BYTES_MAX) {
            $body .= $stream->read(self::READ_BYTES);
        }
        return $body;
    }
}
