<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** The tenant has no such webhook, message or job. HTTP 404. */
final class NotFoundException extends HookwrightException
{
    public const KIND = 'not-found';
}
