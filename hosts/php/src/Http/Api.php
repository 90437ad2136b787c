<?php

declare(strict_types=1);

namespace Hookwright\Http;

use Closure;
use Hookwright\Exception\HookwrightException;
use Hookwright\Hookwright;
use Hookwright\Internal\Limits;

/** The management API as a front controller of PHP's own; for PSR-15 there is `ApiHandler`. Mounted at one path, it has all calls. */
final class Api
{
    private const TITLES = [400 => 'Bad Request', 401 => 'Unauthorized', 413 => 'Content Too Large',
        500 => 'Internal Server Error', 503 => 'Service Unavailable'];

    /** @param string $mount the path below which the API is, without a slash at its end: `/api/webhooks-api` */
    public function __construct(private readonly Hookwright $hooks, private readonly string $mount = '')
    {
    }

    /**
     * Answers the request that PHP serves, and writes the response.
     *
     * @param Closure(): ?Caller $caller who calls; null if nobody is known, which is a 401
     * @return bool false, and nothing was written, if the path is not below the mount
     */
    public function serve(Closure $caller): bool
    {
        [$path, $query] = explode('?', (string) ($_SERVER['REQUEST_URI'] ?? '/'), 2) + [1 => ''];
        $input = fopen('php://input', 'rb');
        $body = $input === false ? '' : (string) stream_get_contents($input, Limits::BODY_BYTES_MAX + 1);
        $answer = $this->answer((string) ($_SERVER['REQUEST_METHOD'] ?? 'GET'), $path, $query, $body, $caller);
        if ($answer === null) {
            return false;
        }
        http_response_code($answer['status']);
        foreach ($answer['headers'] as ['name' => $name, 'value' => $value]) {
            header("$name: $value");
        }
        echo $answer['body'];
        return true;
    }

    /**
     * @param string $path percent-encoded as it came
     * @param Closure(): ?Caller $caller
     * @return ?array{status: int, headers: list<array{name: string, value: string}>, body: string} null: not below the mount
     */
    public function answer(string $method, string $path, string $query, string $body, Closure $caller): ?array
    {
        if ($path !== $this->mount && !str_starts_with($path, "$this->mount/")) {
            return null;
        }
        if (strlen($body) > Limits::BODY_BYTES_MAX) {
            return self::problem(413, sprintf('the body has more than %d bytes', Limits::BODY_BYTES_MAX));
        }
        $who = $caller();
        if ($who === null) {
            return self::problem(401, 'nobody is known to call');
        }
        $below = substr($path, strlen($this->mount));
        try {
            return $this->hooks->handle(
                $method,
                $below === '' ? '/' : $below,
                $query,
                $body,
                $who->tenant,
                $who->user,
                $who->permissions,
            );
        } catch (HookwrightException $error) {
            // What the component refuses is in its response; this is text that is no UTF-8, or an instance that ended.
            $status = ['invalid' => 400, 'unavailable' => 503][$error->kind()] ?? 500;
            return self::problem($status, $status === 500 ? 'the host failed' : $error->getMessage());
        }
    }

    /** @return array{status: int, headers: list<array{name: string, value: string}>, body: string} */
    private static function problem(int $status, string $detail): array
    {
        $body = ['type' => 'about:blank', 'title' => self::TITLES[$status], 'status' => $status, 'detail' => $detail];
        $text = json_encode($body, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $headers = [['name' => 'content-type', 'value' => 'application/problem+json']];
        return ['status' => $status, 'headers' => $headers, 'body' => $text];
    }
}
