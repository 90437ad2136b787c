<?php

declare(strict_types=1);

namespace Hookwright\Exception;

use RuntimeException;
use Throwable;

/**
 * A call did not succeed, and nothing was changed. Each kind of the contract (`error-kind` in `wit/webhooks.wit`) has a class;
 * `getMessage()` is all of it, for people.
 */
abstract class HookwrightException extends RuntimeException
{
    /** The kind's name in the contract: `invalid`, `not-found`... */
    public const KIND = '';

    /**
     * @param ?string $field the field of the input at fault, as a path: `url`, `events[1]`
     * @param string $reason one sentence that quotes the offending value, unless it may be a secret
     * @param ?string $hint one sentence: how to mend it
     */
    final public function __construct(
        public readonly ?string $field,
        public readonly string $reason,
        public readonly ?string $hint = null,
        ?Throwable $previous = null,
    ) {
        $before = $field === null ? '' : "$field: ";
        parent::__construct($before . $reason . ($hint === null ? '' : " ($hint)"), 0, $previous);
    }

    public function kind(): string
    {
        return static::KIND;
    }

    /** The exception of a refusal as the component tells it; of a kind that is not known, an internal one. */
    public static function of(string $kind, ?string $field, string $reason, ?string $hint): self
    {
        return match ($kind) {
            InvalidException::KIND => new InvalidException($field, $reason, $hint),
            TooLargeException::KIND => new TooLargeException($field, $reason, $hint),
            NotFoundException::KIND => new NotFoundException($field, $reason, $hint),
            ConflictException::KIND => new ConflictException($field, $reason, $hint),
            ForbiddenException::KIND => new ForbiddenException($field, $reason, $hint),
            UnavailableException::KIND => new UnavailableException($field, $reason, $hint),
            TransactionAbortedException::KIND => new TransactionAbortedException($field, $reason, $hint),
            default => new InternalException($field, $reason, $hint),
        };
    }
}
