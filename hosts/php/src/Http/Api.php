<?php

declare(strict_types=1);

namespace Hookwright\Http;

use Closure;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Hookwright;
use Hookwright\Support\Json;
use Hookwright\Support\Limits;
use Hookwright\Value\ApiResponse;
use Hookwright\Value\Caller;

/** The management API behind a front controller. `ApiHandler` is for PSR-15. */
final class Api
{
    private const TITLES = [400 => 'Bad Request', 401 => 'Unauthorized', 413 => 'Content Too Large',
        500 => 'Internal Server Error', 503 => 'Service Unavailable'];
    private readonly string $mount;

    /** @param string $mount the path below which the API is: `/api/webhooks-api` */
    public function __construct(private readonly Hookwright $hookwright, string $mount = '')
    {
        $this->mount = rtrim($mount, '/');
    }

    /**
     * Handles PHP's current request and writes the response.
     *
     * @param Closure(): ?Caller $caller returns the caller; null for an unknown caller, who gets a 401
     * @return bool false if the path is not below the mount; nothing is written then
     */
    public function serve(Closure $caller): bool
    {
        [$path, $query] = explode('?', (string) ($_SERVER['REQUEST_URI'] ?? '/'), 2) + [1 => ''];
        $input = fopen('php://input', 'rb');
        $body = $input === false ? '' : (string) stream_get_contents($input, Limits::BODY_BYTES_MAX + 1);
        $response = $this->handle((string) ($_SERVER['REQUEST_METHOD'] ?? 'GET'), $path, $query, $body, $caller);
        if ($response === null) {
            return false;
        }
        $known = [];
        foreach ($response->headers as ['name' => $name, 'value' => $value]) {
            // Replaces a header of the platform, and none of this response.
            header("$name: $value", !isset($known[strtolower($name)]));
            $known[strtolower($name)] = true;
        }
        // After the headers, because PHP changes the status when it sees some of them, such as `location`.
        http_response_code($response->status);
        echo $response->body;
        return true;
    }

    /**
     * Handles a request.
     *
     * @param string $path percent-encoded as received
     * @param Closure(): ?Caller $caller returns the caller; null for an unknown caller, who gets a 401
     * @return ?ApiResponse null if the path is not below the mount
     */
    public function handle(string $method, string $path, string $query, string $body, Closure $caller): ?ApiResponse
    {
        if ($path !== $this->mount && !str_starts_with($path, "$this->mount/")) {
            return null;
        }
        if (strlen($body) > Limits::BODY_BYTES_MAX) {
            return self::problem(413, sprintf('the body has more than %d bytes', Limits::BODY_BYTES_MAX));
        }
        $known = $caller();
        if ($known === null) {
            return self::problem(401, 'the caller is unknown');
        }
        $below = substr($path, strlen($this->mount));
        try {
            return $this->hookwright->handle($method, $below === '' ? '/' : $below, $query, $body, $known)->below($this->mount);
        } catch (HookwrightException $error) {
            // Text that is not UTF-8, a store that fails, or an instance that ended. A failure of the host is in the log.
            return match ($error->kind()) {
                InvalidException::KIND => self::problem(400, $error->getMessage()),
                UnavailableException::KIND => self::problem(503, 'the service is unavailable for now'),
                default => self::problem(500, 'the host failed'),
            };
        }
    }

    private static function problem(int $status, string $detail): ApiResponse
    {
        $body = ['type' => 'about:blank', 'title' => self::TITLES[$status], 'status' => $status, 'detail' => $detail];
        return ApiResponse::fromFields([
            'status' => $status,
            'headers' => [['name' => 'content-type', 'value' => 'application/problem+json']],
            'body' => Json::encode($body),
        ]);
    }
}
