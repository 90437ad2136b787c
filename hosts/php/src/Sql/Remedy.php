<?php

declare(strict_types=1);

namespace Hookwright\Sql;

/**
 * Remedies of errors that no repetition of the call mends.
 *
 * @internal
 */
final class Remedy
{
    public const NO_TABLE = 'create the table, once: `$hookwright->storage()->createSchema()` or `hookwright schema FILE`';
    public const NO_PRIVILEGE = 'let the user of this connection read and write the table';
}
