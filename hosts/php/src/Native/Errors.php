<?php

declare(strict_types=1);

namespace Hookwright\Native;

use Hookwright\Exception\ConflictException;
use Hookwright\Exception\ForbiddenException;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\NotFoundException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Exception\TrapException;
use Hookwright\Exception\UnavailableException;

/**
 * Errors of the bridge as exceptions, in the terms of this package. The bridge speaks of its C functions.
 *
 * @internal
 */
final class Errors
{
    /** The exceptions of the component's errors, by kind. */
    private const REFUSED = [
        InvalidException::KIND => InvalidException::class,
        TooLargeException::KIND => TooLargeException::class,
        NotFoundException::KIND => NotFoundException::class,
        ConflictException::KIND => ConflictException::class,
        ForbiddenException::KIND => ForbiddenException::class,
        UnavailableException::KIND => UnavailableException::class,
        TransactionAbortedException::KIND => TransactionAbortedException::class,
    ];

    /** Hints for the misuse of the interface, by kind. */
    private const HINTS = [
        'abandoned' => 'restart this PHP process; committed data is kept',
        'wrong-thread' => 'open a `Hookwright` in each thread',
        'forked' => 'open a `Hookwright` in each process',
        'busy' => 'let the running call return first',
        'closed' => 'this is a bug of the package: please report it',
        'pointer' => 'this is a bug of the package: please report it',
    ];

    /** Returns the exception of an error. A kind that this package does not know is an internal error. */
    public static function exception(int $status, string $json): HookwrightException
    {
        /** @var array{kind: string, field: ?string, message: string, hint: ?string} $error */
        $error = json_decode($json, true, 8, JSON_THROW_ON_ERROR);
        ['kind' => $kind, 'field' => $field, 'message' => $message, 'hint' => $hint] = $error;
        $class = match (true) {
            $status === Declarations::REFUSED => self::REFUSED[$kind] ?? InternalException::class,
            $status === Declarations::TRAPPED => TrapException::class,
            // A wrong argument is a mistake of the caller. Any other misuse of the interface is one of this package.
            $kind === InvalidException::KIND => InvalidException::class,
            default => InternalException::class,
        };
        return new $class(self::field($field), self::translated($message), self::hint($status, $kind, $hint));
    }

    /** Returns the name of a field: `sealedWith()` has one parameter for all keys. */
    private static function field(?string $field): ?string
    {
        return $field === null ? null : preg_replace_callback(
            '/^(?:config\.)?sealingKeys(?:\[(\d+)\](?:\.\w+)?)?$/',
            static fn (array $found): string => ($found[1] ?? '0') === '0' ? 'sealingKey' : "sealingKey[$found[1]]",
            $field,
        );
    }

    private static function hint(int $status, string $kind, ?string $hint): ?string
    {
        return $status === Declarations::REFUSED ? $hint : self::HINTS[$kind] ?? ($hint === null ? null : self::translated($hint));
    }

    private static function translated(string $text): string
    {
        return (string) preg_replace_callback_array([
            '/wit\/ has the parameters of (\w+)\.([\w-]+)/' => static fn (array $found): string =>
                'see the parameters of `' . ($found[1] === 'receiver' ? 'Receiver::' : 'Hookwright::') . self::method($found[2]) . '()`',
            '/\bhw_compile\b/' => static fn (): string => '`hookwright compile`',
        ], $text);
    }

    /** Returns the name of the method that calls a function: `on-event` is `onEvent`. */
    private static function method(string $function): string
    {
        return lcfirst(str_replace('-', '', ucwords($function, '-')));
    }
}
