<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The input is larger than a limit. HTTP 413. */
final class TooLargeException extends HookwrightException
{
    public const KIND = 'too-large';
}
