<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Support\Limits;

/**
 * A row of the intake.
 *
 * @internal
 */
final class IntakeRow
{
    public function __construct(
        public readonly string $id,
        public readonly ?string $tenant,
        public readonly string $event,
        public readonly int $reportedAtMs,
    ) {
    }

    /**
     * Returns the event with the row's time as `occurredAt`, because the event is accepted later. An event stays as it is if it has an
     * `occurredAt`, or has no room for one.
     */
    public function eventWithTime(): string
    {
        $fields = json_decode($this->event, true);
        if (!is_array($fields) || array_is_list($fields) || isset($fields['occurredAt'])) {
            // If it is not a valid event, the component refuses it.
            return $this->event;
        }
        $at = sprintf('%s.%03dZ', gmdate('Y-m-d\TH:i:s', intdiv($this->reportedAtMs, 1_000)), $this->reportedAtMs % 1_000);
        // Inserted into the text, because encoding the event again would change the text of its numbers.
        $event = (string) preg_replace('/\{/', '{"occurredAt":"' . $at . '",', $this->event, 1);
        return strlen($event) <= Limits::EVENT_BYTES_MAX ? $event : $this->event;
    }
}
