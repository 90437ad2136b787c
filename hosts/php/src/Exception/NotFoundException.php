<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** There is no such thing for this tenant (404). */
final class NotFoundException extends HookwrightException
{
    public const KIND = 'not-found';
}
