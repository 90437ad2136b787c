<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Exception\UnavailableException;
use RuntimeException;
use Throwable;

/** Why a storage call did not succeed, in the contract's words (`storage-error` in `wit/storage.wit`). */
final class StorageException extends RuntimeException
{
    /** @param list<int> $failed of a conflict: the checks that do not hold, as indexes */
    private function __construct(
        public readonly string $kind,
        string $message,
        public readonly array $failed = [],
        ?Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
    }

    /** @param non-empty-list<int> $failed the checks that do not hold, as indexes; nothing was applied */
    public static function conflict(array $failed): self
    {
        return new self('conflict', 'these checks do not hold: ' . implode(', ', $failed), $failed);
    }

    /** Nothing was applied, and the call may be repeated. */
    public static function notApplied(string $why, ?Throwable $previous = null): self
    {
        return new self('not-applied', $why, [], $previous);
    }

    /** The commit may have been applied, or may be yet. */
    public static function unknown(string $why, ?Throwable $previous = null): self
    {
        return new self('unknown', $why, [], $previous);
    }

    /** The platform's own transaction is lost. */
    public static function transactionAborted(string $why, ?Throwable $previous = null): self
    {
        return new self('transaction-aborted', $why, [], $previous);
    }

    /** The call breaks a limit or a rule. */
    public static function invalid(string $why, ?Throwable $previous = null): self
    {
        return new self('invalid', $why, [], $previous);
    }

    /**
     * What a call of a Hookwright makes of it, as the component does.
     *
     * @internal
     */
    public function asCalls(): HookwrightException
    {
        $reason = "storage: {$this->getMessage()}";
        return match ($this->kind) {
            'transaction-aborted' =>
                new TransactionAbortedException(null, $reason, 'roll the surrounding transaction back', $this),
            'invalid' => new InternalException(null, $reason, null, $this),
            default => new UnavailableException(null, $reason, 'repeat the call', $this),
        };
    }
}
