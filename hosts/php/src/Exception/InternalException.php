<?php

declare(strict_types=1);

namespace Hookwright\Exception;

/** A stored row, the configuration or the installation is broken. HTTP 500. */
class InternalException extends HookwrightException
{
    public const KIND = 'internal';
}
