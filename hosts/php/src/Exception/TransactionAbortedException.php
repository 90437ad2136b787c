<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The platform's own transaction is lost and must be rolled back. */
final class TransactionAbortedException extends HookwrightException
{
    public const KIND = 'transaction-aborted';
}
