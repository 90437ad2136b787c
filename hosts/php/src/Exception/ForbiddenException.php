<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The caller lacks a permission. HTTP 403. */
final class ForbiddenException extends HookwrightException
{
    public const KIND = 'forbidden';
}
