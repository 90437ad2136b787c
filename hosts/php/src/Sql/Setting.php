<?php

declare(strict_types=1);

namespace Hookwright\Sql;

/**
 * A setting of a connection for the length of a call.
 *
 * @internal
 */
final class Setting
{
    /**
     * @param string $set the statement before the call
     * @param string $restore the statement after the call
     */
    public function __construct(public readonly string $set, public readonly string $restore)
    {
    }
}
