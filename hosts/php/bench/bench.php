<?php

// Measures deliveries per second, and those of a plain sender with cURL and `hash_hmac` without storage, retries and log:
// `php bench/bench.php [DELIVERIES]`. The plain sender needs PHP's extension curl. Nothing else should run on the machine.

declare(strict_types=1);

use Hookwright\Config;
use Hookwright\Hookwright;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Receiver;

require __DIR__ . '/../tests/bootstrap.php';
require_once 'PHPUnit/Autoload.php';

const WEBHOOKS = 20;
// Checked first, because the measurements take minutes.
if (!extension_loaded('curl')) {
    fwrite(STDERR, "PHP's extension curl is not loaded (php-curl on Debian): the plain sender is not measured\n");
}
$deliveries = (int) ($argv[1] ?? 10_000);
$receiver = new Receiver(quiet: true);
$data = ['id' => 123, 'name' => 'Laptop', 'status' => 'allocated', 'tags' => ['it', 'berlin'], 'price' => 1299.5];

$plain = static function () use ($receiver, $deliveries, $data): void {
    $handle = curl_init();
    for ($n = 0; $n < $deliveries; $n += 1) {
        $body = json_encode(['type' => 'asset.updated', 'timestamp' => gmdate('Y-m-d\TH:i:s\Z'), 'data' => $data]);
        $at = time();
        $signature = base64_encode(hash_hmac('sha256', "msg_$n.$at.$body", 'a secret of 24 bytes ...', true));
        curl_setopt_array($handle, [CURLOPT_URL => $receiver->url('/' . $n % WEBHOOKS), CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', "webhook-id: msg_$n", "webhook-timestamp: $at",
                "webhook-signature: v1,$signature"], CURLOPT_RETURNTRANSFER => true]);
        curl_exec($handle) !== false || throw new RuntimeException(curl_error($handle));
    }
};
$measure = static function (string $name, int $count, callable $run): void {
    $cpu = static function (): float {
        $used = getrusage();
        return $used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec'] + ($used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']) / 1e6;
    };
    [$begun, $before] = [microtime(true), $cpu()];
    $run();
    [$took, $used] = [microtime(true) - $begun, $cpu() - $before];
    printf("%-36s %7.0f/s %7.0f us CPU each\n", $name, $count / $took, $used / $count * 1e6);
};

$pdo = new PDO('sqlite:' . Folder::make() . '/bench.db');
$config = Config::sealedWith('k1:' . str_repeat('07', 32))->withAllowedDestinations(['127.0.0.0/8'])->withCache(Folder::make());
$hookwright = Hookwright::open($pdo, $config);
$hookwright->storage()->createSchema();
for ($n = 0; $n < WEBHOOKS; $n += 1) {
    $hookwright->register('acme', ['url' => $receiver->url("/$n"), 'events' => ['*']]);
}
$events = intdiv($deliveries, WEBHOOKS);
$hookwright->onEvent(['type' => 'asset.updated', 'data' => $data], 'acme');
$hookwright->deliver();
$measure('onEvent, a commit each', $events, static function () use ($hookwright, $events, $data): void {
    for ($n = 0; $n < $events; $n += 1) {
        $hookwright->onEvent(['type' => 'asset.updated', 'data' => $data], 'acme');
    }
});
$measure('onEvent, in a transaction', 1_000, static function () use ($hookwright, $pdo, $data): void {
    $pdo->beginTransaction();
    for ($n = 0; $n < 1_000; $n += 1) {
        $hookwright->onEvent(['type' => 'asset.updated', 'data' => $data], 'acme');
    }
    $pdo->rollBack();
});
$measure('Hookwright on SQLite, deliveries', $events * WEBHOOKS, static function () use ($hookwright, $events): void {
    for ($done = 0; $done < $events * WEBHOOKS;) {
        $done += $hookwright->deliver(60_000)->attempts;
    }
});
if (extension_loaded('curl')) {
    $measure('plain cURL and hash_hmac, deliveries', $deliveries, $plain);
}
