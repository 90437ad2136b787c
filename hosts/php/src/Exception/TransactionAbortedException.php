<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The database has ended the transaction of the platform. The platform must roll it back. */
final class TransactionAbortedException extends HookwrightException
{
    public const KIND = 'transaction-aborted';
}
