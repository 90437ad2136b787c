<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The storage failed in a way that repeating the call may mend (503). */
final class UnavailableException extends HookwrightException
{
    public const KIND = 'unavailable';
}
