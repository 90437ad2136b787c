<?php

declare(strict_types=1);

namespace App\Observers;

use Hookwright\Event;
use Hookwright\Hookwright;
use Illuminate\Database\Eloquent\Model;

/**
 * Makes events of a model's changes. It runs within the transaction that saves the model, so an event exists exactly if the change
 * does. With `public $afterCommit = true` Laravel would call it later, and a crash in between would lose the event.
 */
class AssetObserver
{
    public function __construct(private readonly Hookwright $hooks)
    {
    }

    public function created(Model $asset): void
    {
        $this->report('asset.created', $asset, null, $asset->attributesToArray());
    }

    public function updated(Model $asset): void
    {
        $this->report('asset.updated', $asset, self::original($asset), $asset->attributesToArray());
    }

    public function deleted(Model $asset): void
    {
        $this->report('asset.deleted', $asset, self::original($asset), null);
    }

    /**
     * What it was, as `attributesToArray` shows what it is: raw, it would have what the model hides.
     *
     * @return array<string, mixed>
     */
    private static function original(Model $asset): array
    {
        return (clone $asset)->setRawAttributes($asset->getRawOriginal())->attributesToArray();
    }

    /**
     * @param ?array<string, mixed> $before
     * @param ?array<string, mixed> $after
     */
    private function report(string $type, Model $asset, ?array $before, ?array $after): void
    {
        $subject = ['type' => 'asset', 'id' => $asset->getKey()];
        $this->hooks->onEvent(new Event($type, $after ?? $before, subject: $subject, before: $before, after: $after), 'acme');
    }
}
