<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;

/** A store that records its commits. */
final class RecordingStorage extends ForwardingStorage
{
    /** @var list<array{list<mixed>, list<mixed>}> */
    public array $commits = [];

    public function commit(array $checks, array $mutations): array
    {
        $this->commits[] = [
            array_map(static fn (Check $check): array => [$check->key, $check->version], $checks),
            array_map(static fn (Mutation $mutation): array => $mutation->value === null
                ? ['delete', $mutation->key]
                : ['put', $mutation->key, $mutation->value], $mutations),
        ];
        return parent::commit($checks, $mutations);
    }
}
