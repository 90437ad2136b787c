<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The input breaks a rule. HTTP 400 or 422. */
final class InvalidException extends HookwrightException
{
    public const KIND = 'invalid';
}
