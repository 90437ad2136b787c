<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** It contradicts what is stored (409). */
final class ConflictException extends HookwrightException
{
    public const KIND = 'conflict';
}
