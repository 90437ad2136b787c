<?php

/*
Module Name: Webhooks
Description: Reports what happens to invoices and clients, by Hookwright
Version: 0.1.0
Requires at least: 2.3.*
*/

// A module of Perfex (CodeIgniter 3): put the folder in `modules/`, with this package in `vendor/` or beside it. Perfex's hooks run where
// its models save, on CodeIgniter's own connection, a `mysqli`: within `trans_start()` and `trans_complete()` an event exists exactly
// if the change does.

declare(strict_types=1);

use Hookwright\Event;
use Hookwright\Hookwright;
use Hookwright\Intake;

require_once __DIR__ . '/vendor/hookwright/src/autoload.php';

/** The platform's `Hookwright`, for whoever manages webhooks or delivers. It needs FFI. */
function hookwright(): Hookwright
{
    static $hooks = null;
    return $hooks ??= Hookwright::open(
        storage: static fn (): mysqli => get_instance()->db->conn_id,
        sealingKey: (string) get_instance()->config->item('hookwright_sealing_key'),
        profile: 'standard',
        cache: get_instance()->config->item('hookwright_cache') ?: null,
    );
}

/** Reports an event: without the component where that cannot be loaded, as on shared hosting. */
function hookwright_report(string $type, int|string $id, mixed $data): void
{
    $event = new Event($type, $data, subject: ['type' => explode('.', $type)[0], 'id' => $id]);
    if (Hookwright::isAvailable() && get_instance()->config->item('hookwright_sealing_key')) {
        hookwright()->onEvent($event, 'perfex');
    } else {
        (new Intake(get_instance()->db->conn_id))->onEvent($event, 'perfex');
    }
}

hooks()->add_action('after_invoice_added', static function ($id): void {
    hookwright_report('invoice.created', $id, get_instance()->db->get_where('tblinvoices', ['id' => $id])->row_array());
});
hooks()->add_action('after_client_added', static function ($id): void {
    hookwright_report('client.created', $id, get_instance()->db->get_where('tblclients', ['userid' => $id])->row_array());
});
