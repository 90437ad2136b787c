<?php

declare(strict_types=1);

namespace App\Observers;

use Hookwright\Event;
use Hookwright\Hookwright;
use Illuminate\Database\Eloquent\Model;

/**
 * Reports the changes of a model as events.
 *
 * It runs within the transaction that saves the model, so an event exists exactly if the change does. With `public $afterCommit = true`,
 * Laravel would call it after the commit, and a crash in between would lose the event.
 */
class AssetObserver
{
    public function __construct(private readonly Hookwright $hookwright)
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
     * Returns the attributes before the change, without those that the model hides.
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
        $event = new Event($type, $after ?? $before, subject: ['type' => 'asset', 'id' => $asset->getKey()]);
        $this->hookwright->onEvent($event->withChange($before, $after), 'acme');
    }
}
