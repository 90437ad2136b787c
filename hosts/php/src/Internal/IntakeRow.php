<?php

declare(strict_types=1);

namespace Hookwright\Internal;

/** A row of the intake: what a platform has reported, as it stands there. */
final class IntakeRow
{
    public function __construct(
        public readonly string $id,
        public readonly ?string $tenant,
        public readonly string $event,
        public readonly int $reportedAtMs,
    ) {
    }

    /** The event, with the time at which it was reported unless it says another: it is drained later. One that is full has no room. */
    public function dated(): string
    {
        $fields = json_decode($this->event, true);
        if (!is_array($fields) || array_is_list($fields) || isset($fields['occurredAt'])) {
            // If it is no event, the component says why.
            return $this->event;
        }
        $at = sprintf('%s.%03dZ', gmdate('Y-m-d\TH:i:s', intdiv($this->reportedAtMs, 1_000)), $this->reportedAtMs % 1_000);
        // Written anew, its numbers would lose their text.
        $dated = (string) preg_replace('/\{/', '{"occurredAt":"' . $at . '",', $this->event, 1);
        return strlen($dated) <= Limits::EVENT_BYTES_MAX ? $dated : $this->event;
    }
}
