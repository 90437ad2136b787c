<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** The result of the verification of a request. */
final class Verdict extends Result
{
    /** `verified`, `missing`, `malformed`, `mismatch`, `stale` or `unverifiable`. */
    public readonly string $kind;
    /** One sentence for people. */
    public readonly string $detail;

    /** Returns true if the signature is valid. */
    public function verified(): bool
    {
        return $this->kind === 'verified';
    }

    protected function read(): void
    {
        $this->kind = $this->text('kind');
        $this->detail = $this->text('detail');
    }
}
