<?php

declare(strict_types=1);

namespace Hookwright;

use Hookwright\Internal\Ffi\Library;
use Hookwright\Internal\Host;
use Hookwright\Internal\Instance;
use Hookwright\Internal\Json;
use Hookwright\Value\Verdict;
use JsonSerializable;
use SensitiveParameter;

/** The receivers' side: whether a request that came bears a signature that holds, by the very code that makes it. */
final class Receiver
{
    private static ?Instance $instance = null;

    /**
     * @param array<string, string|int|list<string|int>> $headers by name, in any case; those that are not UTF-8 are passed over
     * @param string $body exactly what came: `file_get_contents('php://input')`
     * @param string|list<string> $secrets any of them will do, as during a rotation
     * @param JsonSerializable|array<string, mixed>|string $profile the name of a built-in one, or a profile
     * @param ?int $toleranceS how far a signed time may be from now; 300
     */
    public static function verify(
        array $headers,
        string $body,
        #[SensitiveParameter] string|array $secrets,
        JsonSerializable|array|string $profile = 'standard',
        string $method = 'POST',
        ?int $toleranceS = null,
        ?string $cache = null,
    ): Verdict {
        $secrets = array_values((array) $secrets);
        foreach ($secrets as $secret) {
            Json::utf8('secrets', $secret);
        }
        if (!Json::isUtf8($body) || !Json::isUtf8($method)) {
            // All that is signed is UTF-8. It is the sender who is at fault, and so it is no exception.
            return Verdict::of(['kind' => 'mismatch', 'detail' => 'wrong: not the bytes that were signed, for they are not UTF-8']);
        }
        $pairs = [];
        foreach ($headers as $name => $values) {
            foreach ((array) $values as $value) {
                if (Json::isUtf8("$name: $value")) {
                    $pairs[] = ['name' => (string) $name, 'value' => (string) $value];
                }
            }
        }
        if (self::$instance === null || !self::$instance->isOurs()) {
            // It needs none of it, but an instance has a configuration.
            $config = ['sealingKeys' => [['id' => 'none', 'key' => bin2hex(random_bytes(32))]]];
            $engine = Json::text(['keep' => true] + ($cache === null ? [] : ['cache' => $cache]));
            self::$instance = new Instance(Library::load(), $engine, $config, new Host(null));
        }
        return Verdict::ofJson(self::$instance->call('receiver.verify', [
            'profile' => Json::given('profile', $profile),
            'secrets' => $secrets,
            'request' => ['method' => $method, 'headers' => $pairs, 'body' => $body],
            'toleranceS' => $toleranceS,
        ]));
    }
}
