<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The caller of the management API. The platform has authenticated it, and the component trusts this. */
final class Caller
{
    /** @param list<string> $permissions `manage:webhook` is required for every change */
    public function __construct(
        public readonly string $tenant,
        public readonly ?string $user = null,
        public readonly array $permissions = [],
    ) {
    }
}
