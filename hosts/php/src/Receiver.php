<?php

declare(strict_types=1);

namespace Hookwright;

use Hookwright\Component\Imports;
use Hookwright\Component\Instances;
use Hookwright\Support\Json;
use Hookwright\Value\Verdict;
use JsonSerializable;
use SensitiveParameter;

/** Verifies the signatures of received requests, with the code that signs them. */
final class Receiver
{
    /** @var list<string> */
    private readonly array $secrets;
    private readonly string $profile;
    private readonly Instances $instances;

    /**
     * @param string|list<string> $secrets a request is valid with any of them, as during a rotation
     * @param JsonSerializable|array<string, mixed>|string $profile the name of a built-in profile, or a profile
     * @param ?int $toleranceS the maximum distance of a signed time from now, in seconds; by default 300
     * @param ?string $cache a folder for machine code, see `Config::withCache`
     */
    public function __construct(
        #[SensitiveParameter] string|array $secrets,
        JsonSerializable|array|string $profile = 'standard',
        private readonly ?int $toleranceS = null,
        ?string $cache = null,
    ) {
        $this->secrets = array_values((array) $secrets);
        foreach ($this->secrets as $secret) {
            Json::utf8('secrets', $secret);
        }
        $this->profile = Json::ofArgument('profile', $profile);
        // A verification uses no sealing key, but an instance must have one.
        $config = Config::sealedWith('none:' . bin2hex(random_bytes(32)))->withCache($cache);
        $this->instances = new Instances($config->forComponent(), $config->forEngine(), new Imports(null));
    }

    /**
     * Verifies a request.
     *
     * @param array<string, string|int|list<string|int>> $headers by name, in any case; headers that are not UTF-8 are ignored
     * @param string $body the exact bytes: `file_get_contents('php://input')`
     */
    public function verify(array $headers, string $body, string $method = 'POST'): Verdict
    {
        if (!Json::isUtf8($body) || !Json::isUtf8($method)) {
            // Signed requests are UTF-8. The sender chooses the bytes, so they must not cause an exception.
            return Verdict::fromFields(['kind' => 'mismatch', 'detail' => 'the request is not UTF-8, so it is not the signed one']);
        }
        $pairs = [];
        foreach ($headers as $name => $values) {
            foreach ((array) $values as $value) {
                if (Json::isUtf8("$name: $value")) {
                    $pairs[] = ['name' => (string) $name, 'value' => (string) $value];
                }
            }
        }
        return Verdict::fromJson($this->instances->call('receiver.verify', [
            'profile' => $this->profile,
            'secrets' => $this->secrets,
            'request' => ['method' => $method, 'headers' => $pairs, 'body' => $body],
            'toleranceS' => $this->toleranceS,
        ]));
    }

    /** @return array<string, mixed> without the secrets, so that dumps never contain them */
    public function __debugInfo(): array
    {
        return ['profile' => $this->profile, 'toleranceS' => $this->toleranceS];
    }
}
