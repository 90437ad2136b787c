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
     * `occurredAt` other than null, or has no room for one.
     */
    public function eventWithTime(): string
    {
        $fields = json_decode(self::withoutSurrogates($this->event), true);
        if (!is_array($fields) || array_is_list($fields) || isset($fields['occurredAt'])) {
            // If it is not a valid event, the component refuses it.
            return $this->event;
        }
        $at = sprintf('%s.%03dZ', gmdate('Y-m-d\TH:i:s', intdiv($this->reportedAtMs, 1_000)), $this->reportedAtMs % 1_000);
        // Inserted into the text, because encoding the event again would change the text of its numbers. At its end, because the last of
        // two members with one name counts, and the event may have an `occurredAt` that is null.
        $event = substr(rtrim($this->event, " \t\r\n"), 0, -1) . ',"occurredAt":"' . $at . '"}';
        return strlen($event) <= Limits::EVENT_BYTES_MAX ? $event : $this->event;
    }

    /** Returns the text without escapes of surrogates. PHP refuses JSON in which one stands alone; whether the event may is not known here. */
    private static function withoutSurrogates(string $event): string
    {
        return (string) preg_replace_callback('/\\\\(?:u[dD][89a-fA-F][0-9a-fA-F]{2}|.)/s', static function (array $found): string {
            return strlen($found[0]) === 6 ? '\ufffd' : $found[0];
        }, $event);
    }
}
