<?php

declare(strict_types=1);

namespace Hookwright\Exception;

use RuntimeException;
use Throwable;

/**
 * A failed call. It changed nothing. Each kind of the contract (`error-kind` in `wit/webhooks.wit`) has a subclass.
 *
 * `getMessage()` contains field, reason and hint. `getCode()` returns the name of the kind, and `getPrevious()` the exception of the store
 * because of which the call failed.
 */
abstract class HookwrightException extends RuntimeException
{
    /** The name of the kind in the contract: `invalid`, `not-found`, ... */
    public const KIND = '';

    /**
     * @param ?string $field the invalid field of the input, as a path: `url`, `events[1]`
     * @param string $reason one sentence that quotes the invalid value, unless it may be a secret
     * @param ?string $hint one sentence that says how to correct the call
     */
    final public function __construct(
        public readonly ?string $field,
        public readonly string $reason,
        public readonly ?string $hint = null,
        ?Throwable $previous = null,
    ) {
        $before = $field === null ? '' : "$field: ";
        parent::__construct($before . $reason . ($hint === null ? '' : " ($hint)"), 0, $previous);
        $this->code = static::KIND;
    }

    /**
     * Returns the exception with its cause, unless it has one.
     *
     * @internal
     * @param ?string $hint the remedy of the cause
     */
    public function withPrevious(?Throwable $cause, ?string $hint = null): static
    {
        return $cause === null || $this->getPrevious() !== null
            ? $this
            : new static($this->field, $this->reason, $hint ?? $this->hint, $cause);
    }

    /** Returns the name of the kind in the contract. */
    public function kind(): string
    {
        return static::KIND;
    }
}
