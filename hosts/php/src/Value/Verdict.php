<?php

declare(strict_types=1);

namespace Hookwright\Value;

/** What became of looking at a signature. */
final class Verdict extends Record
{
    /** `verified`, `missing`, `malformed`, `mismatch`, `stale` or `unverifiable`. */
    public readonly string $kind;
    /** One sentence for people. */
    public readonly string $detail;

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
