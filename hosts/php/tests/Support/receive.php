<?php

// A receiver in its own process: `receive.php FOLDER [quiet]`. It listens on loopback and writes its port to FOLDER/port. Unless it is
// quiet, it writes each request to FOLDER/requests, as a line of JSON. The path sets the response: `/status/500`, `/slow/300` (in
// milliseconds), otherwise 200.

declare(strict_types=1);

$folder = $argv[1];
$server = stream_socket_server('tcp://127.0.0.1:0') ?: exit(1);
file_put_contents("$folder/port.new", substr((string) strrchr((string) stream_socket_get_name($server, false), ':'), 1));
rename("$folder/port.new", "$folder/port");
$isQuiet = ($argv[2] ?? '') === 'quiet';
$log = fopen("$folder/requests", 'a') ?: exit(1);

/** @var array<int, array{resource, string}> $open */
$open = [];
/** @var array<int, array{float, int, string}> $later the time, the connection and the response */
$later = [];
while (true) {
    $read = [$server, ...array_column($open, 0)];
    $none = null;
    $due = $later === [] ? 1.0 : max(0.0, min(array_column($later, 0)) - microtime(true));
    stream_select($read, $none, $none, (int) $due, (int) (fmod($due, 1) * 1e6));
    foreach ($later as $index => [$at, $id, $answer]) {
        if ($at <= microtime(true)) {
            @fwrite($open[$id][0] ?? STDERR, $answer);
            unset($later[$index]);
        }
    }
    foreach ($read as $stream) {
        if ($stream === $server) {
            $connection = stream_socket_accept($server);
            if ($connection !== false) {
                stream_set_blocking($connection, false);
                $open[(int) $connection] = [$connection, ''];
            }
            continue;
        }
        $id = (int) $stream;
        $piece = fread($stream, 65_536);
        if ($piece === '' || $piece === false) {
            fclose($stream);
            unset($open[$id]);
            continue;
        }
        $open[$id][1] .= $piece;
        while (($end = strpos($open[$id][1], "\r\n\r\n")) !== false) {
            $head = substr($open[$id][1], 0, $end);
            $length = preg_match('/^content-length: *(\d+)/im', $head, $found) === 1 ? (int) $found[1] : 0;
            if (strlen($open[$id][1]) < $end + 4 + $length) {
                break;
            }
            $body = substr($open[$id][1], $end + 4, $length);
            $open[$id][1] = substr($open[$id][1], $end + 4 + $length);
            if ($isQuiet) {
                fwrite($stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                continue;
            }
            $lines = explode("\r\n", $head);
            [$method, $target] = explode(' ', $lines[0]);
            $headers = array_map(static fn (string $line): array => explode(': ', $line, 2), array_slice($lines, 1));
            fwrite($log, json_encode(compact('method', 'target', 'headers', 'body'), JSON_THROW_ON_ERROR) . "\n");
            $status = preg_match('~^/status/(\d+)~', $target, $found) === 1 ? $found[1] : '200';
            $answer = "HTTP/1.1 $status Told\r\nContent-Length: 0\r\n\r\n";
            if (preg_match('~^/slow/(\d+)~', $target, $found) === 1) {
                $later[] = [microtime(true) + (int) $found[1] / 1_000, $id, $answer];
            } else {
                fwrite($stream, $answer);
            }
        }
    }
}
