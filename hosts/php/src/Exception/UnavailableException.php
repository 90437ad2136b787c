<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The storage failed. The call may succeed if it is repeated. HTTP 503. */
final class UnavailableException extends HookwrightException
{
    public const KIND = 'unavailable';
}
