<?php

// Imitates the parts of CodeIgniter 3 and Perfex that the module uses: `get_instance()->db` with `conn_id` and `get_where`, the
// configuration, and hooks. It adds two invoices, each in a transaction, and rolls one back.

declare(strict_types=1);

use Hookwright\Tests\Support\Databases;

require __DIR__ . '/../bootstrap.php';

final class Database
{
    public mysqli $conn_id;

    public function __construct()
    {
        $this->conn_id = Databases::connect('mysqli-utf8');
        // CodeIgniter's driver sets this mode.
        mysqli_report(MYSQLI_REPORT_OFF);
    }

    /** @param array<string, int> $where */
    public function get_where(string $table, array $where): object
    {
        $column = array_key_first($where);
        $row = $this->conn_id->query("SELECT * FROM $table WHERE $column = $where[$column]")->fetch_assoc();
        return new class ($row) {
            /** @param array<string, mixed> $row */
            public function __construct(private array $row)
            {
            }

            /** @return array<string, mixed> */
            public function row_array(): array
            {
                return $this->row;
            }
        };
    }
}

final class Config
{
    public function item(string $name): string
    {
        global $argv;
        return ['hookwright_sealing_key' => $argv[2], 'hookwright_cache' => $argv[3]][$name];
    }
}

final class Hooks
{
    /** @var array<string, callable> */
    public array $actions = [];

    public function add_action(string $name, callable $action): void
    {
        $this->actions[$name] = $action;
    }
}

function get_instance(): object
{
    static $instance = null;
    return $instance ??= (object) ['db' => new Database(), 'config' => new Config()];
}

function hooks(): Hooks
{
    static $hooks = null;
    return $hooks ??= new Hooks();
}

function log_message(string $level, string $message): void
{
    fwrite(STDERR, "$level: $message\n");
}

function register_activation_hook(string $module, callable $install): void
{
    hooks()->actions["activate $module"] = $install;
}

require $argv[1];
if (($argv[4] ?? '') === 'activate') {
    hooks()->actions['activate ' . basename(dirname($argv[1]))]();
}

foreach ([1 => 'ROLLBACK', 2 => 'COMMIT'] as $id => $end) {
    $connection = get_instance()->db->conn_id;
    $connection->query('START TRANSACTION');
    $note = $end === 'COMMIT' ? 'committed' : 'rolled back';
    $connection->query("INSERT INTO tblinvoices VALUES ($id, '$note')");
    hooks()->actions['after_invoice_added']($id);
    $connection->query($end);
}
