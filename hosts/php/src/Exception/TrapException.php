<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** An instance of the component ended. Its committed data is kept, and the next call creates a new instance. */
final class TrapException extends InternalException
{
    public const KIND = 'internal';
}
