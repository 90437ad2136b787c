<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Exception\UnavailableException;
use RuntimeException;
use Throwable;

/** A failed storage call. Its kinds are those of `storage-error` in `wit/storage.wit`, and `getCode()` returns them too. */
final class StorageException extends RuntimeException
{
    /**
     * @param list<int> $failed for a conflict: the indexes of the failed checks
     * @param ?string $hint a remedy, if repeating the call is none
     */
    private function __construct(
        public readonly string $kind,
        string $message,
        public readonly array $failed = [],
        ?Throwable $previous = null,
        public readonly ?string $hint = null,
    ) {
        parent::__construct($message, 0, $previous);
        $this->code = $kind;
    }

    /**
     * Some checks failed, and nothing was applied.
     *
     * @param non-empty-list<int> $failed the indexes of the failed checks
     */
    public static function conflict(array $failed): self
    {
        return new self('conflict', 'failed checks: ' . implode(', ', $failed), $failed);
    }

    /**
     * Nothing was applied. The call may be repeated.
     *
     * @param ?string $hint a remedy, if repeating the call is none
     */
    public static function notApplied(string $reason, ?Throwable $previous = null, ?string $hint = null): self
    {
        return new self('not-applied', $reason, [], $previous, $hint);
    }

    /** The commit may have been applied, or may still be applied. */
    public static function unknown(string $reason, ?Throwable $previous = null): self
    {
        return new self('unknown', $reason, [], $previous);
    }

    /** The database has ended the transaction of the platform. */
    public static function transactionAborted(string $reason, ?Throwable $previous = null): self
    {
        return new self('transaction-aborted', $reason, [], $previous);
    }

    /** The call breaks a limit or a rule of the contract. */
    public static function invalid(string $reason, ?Throwable $previous = null): self
    {
        return new self('invalid', $reason, [], $previous);
    }

    /**
     * Returns the exception of a call that failed because of this one. The component maps the kinds in the same way.
     *
     * @internal
     */
    public function toHookwrightException(): HookwrightException
    {
        $reason = "storage: {$this->getMessage()}";
        return match ($this->kind) {
            'transaction-aborted' =>
                new TransactionAbortedException(null, $reason, 'roll the surrounding transaction back', $this),
            'invalid' => new InternalException(null, $reason, null, $this),
            default => new UnavailableException(null, $reason, $this->hint ?? 'repeat the call', $this),
        };
    }
}
