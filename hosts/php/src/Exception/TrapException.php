<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** An instance of the component ended. What it had committed is kept, and the next call makes another instance. */
final class TrapException extends InternalException
{
    public const KIND = 'internal';
}
