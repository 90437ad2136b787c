<?php

/*
Module Name: Webhooks
Description: Reports changes of invoices and clients through Hookwright
Version: 0.1.0
Requires at least: 2.3.*
*/

// A module of Perfex (CodeIgniter 3). Put the folder into `modules/`, with this package in its `vendor/hookwright`. Perfex runs its hooks
// where its models save, on CodeIgniter's connection, a `mysqli`. Between `trans_start()` and `trans_complete()`, an event exists exactly
// if the change does.

declare(strict_types=1);

use Hookwright\Config;
use Hookwright\Event;
use Hookwright\Hookwright;
use Hookwright\Intake;

require_once __DIR__ . '/vendor/hookwright/src/autoload.php';

/** Returns the `Hookwright` of the platform, which needs FFI. */
function hookwright(): Hookwright
{
    static $hooks = null;
    $setting = static fn (string $name): string => (string) get_instance()->config->item("hookwright_$name");
    return $hooks ??= Hookwright::open(
        static fn (): mysqli => get_instance()->db->conn_id,
        Config::sealedWith($setting('sealing_key'))->withCache($setting('cache') ?: null),
    );
}

/** Reports an event. Uses the intake where the component cannot be loaded, as on shared hosting. */
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
