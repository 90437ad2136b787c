<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Storage\StorageException;

/**
 * Where the table of a store is: a database, in PostgreSQL with the schema.
 *
 * @internal
 */
final class Place
{
    /** @param ?string $id identifies the place if its name does not */
    public function __construct(private readonly string $name, private readonly ?string $id = null)
    {
    }

    /** Returns true if both are the same place. */
    public function equals(self $other): bool
    {
        return $this->id !== null && $other->id !== null ? $this->id === $other->id : $this->name === $other->name;
    }

    /** Returns the exception of a call at another place. */
    public function isNot(self $other): StorageException
    {
        return StorageException::invalid("the connection leads to `$other->name`, but this store is in `$this->name`, and events "
            . "written elsewhere would never be delivered: use a connection to `$this->name`, or open another `Hookwright`");
    }
}
