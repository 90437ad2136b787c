<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Component\Imports;
use Hookwright\Exception\InvalidException;
use Hookwright\Support\Json;
use JsonSerializable;
use Psr\Log\LoggerInterface;
use SensitiveParameter;

/**
 * The configuration of a `Hookwright`. Each `with` method returns a changed copy. Null restores the default.
 *
 * The component checks the values with the first call, except for the form of the sealing keys.
 */
final class Config
{
    private const KEY_HINT = 'write `id:hex`, a short name and 64 hexadecimal digits; keep it as safe as the database';

    /** @var array<string, mixed> members of the contract's `config` */
    private array $config;
    /** @var array<string, mixed> options of the bridge's engine */
    private array $engine = [];
    /** @var ?Closure(string $level, string $message): void */
    private ?Closure $log = null;

    /** @param list<array{id: string, key: string}> $sealingKeys */
    private function __construct(array $sealingKeys)
    {
        $this->config = ['sealingKeys' => $sealingKeys];
    }

    /**
     * Creates a configuration with sealing keys, which encrypt the secrets in the store.
     *
     * @param string ...$keys `id:hex`, with 64 hexadecimal digits; the first key seals, all keys unseal
     */
    public static function sealedWith(#[SensitiveParameter] string ...$keys): self
    {
        $parsed = [];
        foreach (array_values($keys) as $index => $key) {
            $field = $index === 0 ? 'sealingKey' : "sealingKey[$index]";
            $parts = explode(':', Json::utf8($field, $key));
            if (count($parts) !== 2) {
                // The key is a secret, so the error does not quote it.
                throw new InvalidException($field, 'has not the form `id:hex`', self::KEY_HINT);
            }
            $parsed[] = ['id' => $parts[0], 'key' => $parts[1]];
        }
        return $parsed === []
            ? throw new InvalidException('sealingKey', 'is missing', self::KEY_HINT)
            : new self($parsed);
    }

    /** Sets the profile; by default `standard`. */
    public function withProfile(?string $name): self
    {
        return $this->with('profile', $name === null ? null : Json::utf8('profile', $name));
    }

    /**
     * Adds profiles of the platform, which `withProfile` and webhooks can then name.
     *
     * @param list<JsonSerializable|array<string, mixed>|string> $profiles
     */
    public function withProfiles(array $profiles): self
    {
        $texts = [];
        foreach (array_values($profiles) as $index => $profile) {
            $texts[] = Json::ofArgument("profiles[$index]", $profile);
        }
        return $this->with('profiles', $texts);
    }

    /**
     * Sets the networks that webhooks may reach although they are private; by default none.
     *
     * @param list<string> $networks in CIDR form: `10.1.0.0/16`
     */
    public function withAllowedDestinations(array $networks): self
    {
        foreach (array_values($networks) as $index => $network) {
            Json::utf8("allowDestinations[$index]", $network);
        }
        return $this->with('allowDestinations', array_values($networks));
    }

    /** Refuses webhooks with `http` URLs. */
    public function withoutPlainHttp(): self
    {
        return $this->with('plainHttp', 'refused');
    }

    /** Sets the `User-Agent` of every request: 1 to 256 visible ASCII characters; by default the profile's, or `Hookwright/<version>`. */
    public function withUserAgent(?string $userAgent): self
    {
        return $this->with('userAgent', $userAgent === null ? null : Json::utf8('userAgent', $userAgent));
    }

    /** Sets what becomes of U+0000 and halves of surrogate pairs in events: `keep` (the default), `replace` or `refuse`. */
    public function withInvalidText(?string $rule): self
    {
        return $this->with('invalidText', $rule);
    }

    /** Sets the maximum number of webhooks of a tenant: 1 to 1,000,000; by default 1,000. */
    public function withWebhooksPerTenantMax(?int $webhooks): self
    {
        return $this->with('webhooksPerTenantMax', $webhooks);
    }

    /** Disables a webhook after this time without a success, in seconds; 0: never; by default 432,000 (5 days). */
    public function withDisableAfterS(?int $seconds): self
    {
        return $this->with('disableAfterS', $seconds);
    }

    /** Disables a webhook after this number of consecutive failed deliveries; 0, the default: never. */
    public function withDisableAfterDeliveries(?int $deliveries): self
    {
        return $this->with('disableAfterDeliveries', $deliveries);
    }

    /**
     * Removes messages this time after they were routed to their webhooks, in seconds; 0: never; by default 2,592,000
     * (30 days). A message with a waiting delivery is kept longer.
     */
    public function withRetentionS(?int $seconds): self
    {
        return $this->with('retentionS', $seconds);
    }

    /** Sets an HTTP proxy for all requests: `http://user:password@host:port`. */
    public function withProxy(#[SensitiveParameter] ?string $url): self
    {
        return $this->withEngine('proxy', $url);
    }

    /** Sets certificates in PEM that are trusted in addition to the system's. */
    public function withCaPem(?string $pem): self
    {
        return $this->withEngine('caPem', $pem);
    }

    /** Sets a folder, mode 700, that keeps machine code. Without it, each process compiles the component again. */
    public function withCache(?string $folder): self
    {
        return $this->withEngine('cache', $folder);
    }

    /** Sets a file that `hookwright compile` created. Then nothing is compiled. Excludes `withCache`. */
    public function withCompiled(?string $file): self
    {
        return $this->withEngine('compiled', $file);
    }

    /** Writes the component's log lines to a logger; by default to stderr. */
    public function withLogger(?LoggerInterface $logger): self
    {
        $copy = clone $this;
        $copy->log = $logger === null ? null : Imports::logTo($logger);
        return $copy;
    }

    /**
     * Returns the contract's `config`.
     *
     * @internal
     * @return array<string, mixed>
     */
    public function forComponent(): array
    {
        return $this->config;
    }

    /**
     * Returns the options of the engine as JSON. `keep` lets the library keep the engine from one request of a php-fpm worker to the
     * next, because PHP's variables are lost.
     *
     * @internal
     */
    public function forEngine(): string
    {
        return Json::encode(['keep' => true] + $this->engine);
    }

    /**
     * Returns the function that receives log lines.
     *
     * @internal
     * @return ?Closure(string $level, string $message): void
     */
    public function log(): ?Closure
    {
        return $this->log;
    }

    /** @return array<string, mixed> without sealing keys and proxy, so that dumps never contain secrets */
    public function __debugInfo(): array
    {
        return array_diff_key($this->config + $this->engine, ['sealingKeys' => 0, 'proxy' => 0]);
    }

    private function with(string $name, mixed $value): self
    {
        $copy = clone $this;
        $copy->config[$name] = $value;
        if ($value === null) {
            unset($copy->config[$name]);
        }
        return $copy;
    }

    private function withEngine(string $name, #[SensitiveParameter] ?string $value): self
    {
        $copy = clone $this;
        unset($copy->engine[$name]);
        if ($value !== null) {
            $copy->engine[$name] = Json::utf8($name, $value);
        }
        return $copy;
    }
}
