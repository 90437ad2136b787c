<?php

declare(strict_types=1);

namespace Hookwright\Component;

/**
 * Clock, random bytes or network of an instance for tests, instead of the bridge's.
 *
 * @internal
 */
interface TestImports
{
    /** @return list<string> the imports that this object serves: any of `http`, `clock`, `random` */
    public function names(): array;

    /**
     * Serves a request.
     *
     * @param array<string, mixed> $request with `call`: `http-submit`, `http-wait`, `now` or `random`
     * @return mixed the `ok` member of the reply, as `hosts/native/README.md` describes it
     */
    public function serve(array $request): mixed;
}
