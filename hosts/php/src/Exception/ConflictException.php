<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The call contradicts stored data or an open transaction. HTTP 409. */
final class ConflictException extends HookwrightException
{
    public const KIND = 'conflict';
}
