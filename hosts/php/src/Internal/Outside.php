<?php

declare(strict_types=1);

namespace Hookwright\Internal;

/** Clock, random bytes and network of an instance, where they are not the bridge's own: for tests. */
interface Outside
{
    /** @return list<string> any of `http`, `clock`, `random` */
    public function serves(): array;

    /**
     * @param array<string, mixed> $asked with `call`: `http-submit`, `http-wait`, `now` or `random`
     * @return mixed what the bridge's README says for that call
     */
    public function answer(array $asked): mixed;
}
