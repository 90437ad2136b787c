<?php

/*
Module Name: Webhooks
Description: Reports changes of invoices and clients through Hookwright
Version: 0.1.0
Requires at least: 2.3.*
*/

// A module of Perfex (CodeIgniter 3). Put the folder into `modules/`, and run `composer require hookwright/hookwright` there, or put this
// package into its `vendor/hookwright`. Activate the module, which creates the tables. `hookwright_sealing_key` in Perfex's configuration
// is `id:hex`, as `Config::sealedWith()` takes it.
//
// Perfex runs its hooks where its models save, on CodeIgniter's connection, a `mysqli`. Between `trans_start()` and `trans_complete()`, an
// event exists exactly if the change does.

declare(strict_types=1);

use Hookwright\Config;
use Hookwright\Event;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Hookwright;
use Hookwright\Intake;
use Hookwright\Sql\SqlStorage;

// Composer's autoloader, of the application or of this folder; or the package without Composer.
foreach (['vendor/autoload.php', 'vendor/hookwright/src/autoload.php'] as $file) {
    if (!class_exists(Hookwright::class) && is_file(__DIR__ . "/$file")) {
        require_once __DIR__ . "/$file";
    }
}
if (!class_exists(Hookwright::class)) {
    // An exception here would take down every page.
    log_message('error', 'hookwright: the package is missing: run `composer require hookwright/hookwright` in ' . __DIR__);
    return;
}

/** Creates the tables, when an administrator activates the module. */
function hookwright_install(): void
{
    SqlStorage::on(get_instance()->db->conn_id)->createSchema();
    (new Intake(get_instance()->db->conn_id))->createSchema();
}

register_activation_hook(basename(__DIR__), 'hookwright_install');

/** Returns the `Hookwright` of the platform, which needs FFI. */
function hookwright(): Hookwright
{
    static $hookwright = null;
    $setting = static fn (string $name): string => (string) get_instance()->config->item("hookwright_$name");
    return $hookwright ??= Hookwright::open(
        static fn (): mysqli => get_instance()->db->conn_id,
        Config::sealedWith($setting('sealing_key'))->withCache($setting('cache') ?: null),
    );
}

/**
 * Reports an event. Uses the intake where the component cannot be loaded, as on shared hosting. Perfex has saved the change already, so a
 * failure is logged with what is missing, and the page goes on.
 */
function hookwright_report(string $type, int|string $id, mixed $data): void
{
    try {
        $event = new Event($type, $data, subject: ['type' => explode('.', $type)[0], 'id' => $id]);
        if (Hookwright::isAvailable() && get_instance()->config->item('hookwright_sealing_key')) {
            hookwright()->onEvent($event, 'perfex');
        } else {
            (new Intake(get_instance()->db->conn_id))->onEvent($event, 'perfex');
        }
    } catch (TransactionAbortedException $error) {
        // The database has undone the change too.
        throw $error;
    } catch (Throwable $error) {
        log_message('error', "hookwright: the event $type of $id was not accepted: {$error->getMessage()}");
    }
}

hooks()->add_action('after_invoice_added', static function ($id): void {
    hookwright_report('invoice.created', $id, get_instance()->db->get_where('tblinvoices', ['id' => $id])->row_array());
});
hooks()->add_action('after_client_added', static function ($id): void {
    hookwright_report('client.created', $id, get_instance()->db->get_where('tblclients', ['userid' => $id])->row_array());
});
