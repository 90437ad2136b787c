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
 * Errors of the bridge as exceptions.
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
        return new $class($field, $message, $hint);
    }
}
