<?php

declare(strict_types=1);

namespace Hookwright\Http;

/** Who calls the management API. The platform has authenticated them; the component trusts this. */
final class Caller
{
    /** @param list<string> $permissions `manage:webhook` is needed for everything but reading */
    public function __construct(
        public readonly string $tenant,
        public readonly ?string $user = null,
        public readonly array $permissions = [],
    ) {
    }
}
