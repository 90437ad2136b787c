<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Exception\InvalidException;
use Hookwright\Receiver as Verifier;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** The verification of received requests. */
final class ReceiverTest extends TestCase
{
    public function testSentRequestIsVerifiedAndAnyChangeIsNot(): void
    {
        $receiver = new Receiver();
        $hookwright = Hooks::open(Databases::connect('sqlite'));
        $secret = (string) $hookwright->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']])->secret();
        $hookwright->onEvent(['type' => 'a.b', 'data' => 'Zoë'], 'acme');
        $hookwright->deliver();
        ['headers' => $pairs, 'body' => $body] = $receiver->requests()[0];
        $headers = array_column($pairs, 1, 0);
        $verifier = new Verifier($secret, cache: Hooks::cache());
        self::assertTrue($verifier->verify($headers, $body)->verified());
        $other = new Verifier('whsec_' . base64_encode(str_repeat('x', 32)), cache: Hooks::cache());
        $notUtf8 = ['x-name' => "Zo\xeb", "x-\xeb" => 'v', 'content-length' => strlen($body), 'x-list' => [1, "\xff"], "x\xc3" => "\xab"];
        $rows = [
            'headers that are not UTF-8' => ['verified', $verifier->verify($headers + $notUtf8, $body)],
            'another body' => ['mismatch', $verifier->verify($headers, "$body ")],
            'a body that is not UTF-8' => ['mismatch', $verifier->verify($headers, "$body\xff")],
            'a method that is not UTF-8' => ['mismatch', $verifier->verify($headers, $body, "\xff")],
            'another secret' => ['mismatch', $other->verify($headers, $body)],
            'no headers' => ['missing', $verifier->verify([], $body)],
            'a signature that is not UTF-8' => ['missing', $verifier->verify(['webhook-signature' => "\xff"] + $headers, $body)],
        ];
        foreach ($rows as $name => [$kind, $verdict]) {
            self::assertSame($kind, $verdict->kind, $name);
        }
    }

    public function testSecretThatIsNotUtf8IsInvalid(): void
    {
        $error = Failures::of(InvalidException::class, static fn () => new Verifier(["wh\xff"]));
        self::assertSame('secrets', $error->field);
    }
}
