<?php

// A proxy between a database and its clients, on Unix sockets. If MODE-FILE has a mode, it cuts the first connection with a COMMIT: with
// `before`, the database never receives the COMMIT; with `after`, the client never receives the reply.
//
//     php cut.php LISTEN CONNECT MODE-FILE

declare(strict_types=1);

[, $listen, $connect, $modeFile] = $argv;
$server = stream_socket_server("unix://$listen.new");
// The rename makes the socket visible only when it listens.
rename("$listen.new", $listen);
/** @var array<int, resource> $sockets by id; the opposite socket is in $others */
$sockets = [];
/** @var array<int, resource> $others */
$others = [];
/** @var array<int, true> $clients */
$clients = [];
/** @var array<int, true> $doomed clients whose next reply is dropped */
$doomed = [];

$close = static function (int $id) use (&$sockets, &$others, &$clients, &$doomed): void {
    foreach ([$sockets[$id] ?? null, $others[$id] ?? null] as $socket) {
        if (is_resource($socket)) {
            unset($sockets[(int) $socket], $others[(int) $socket], $clients[(int) $socket], $doomed[(int) $socket]);
            fclose($socket);
        }
    }
};

while (true) {
    $readable = [$server, ...array_values($sockets)];
    $none = null;
    stream_select($readable, $none, $none, null);
    foreach ($readable as $socket) {
        if ($socket === $server) {
            $client = stream_socket_accept($server, 0);
            $database = stream_socket_client("unix://$connect");
            foreach ([[$client, $database], [$database, $client]] as [$one, $other]) {
                stream_set_blocking($one, false);
                stream_set_read_buffer($one, 0);
                $sockets[(int) $one] = $one;
                $others[(int) $one] = $other;
            }
            $clients[(int) $client] = true;
            continue;
        }
        $id = (int) $socket;
        if (!isset($sockets[$id])) {
            continue;
        }
        $other = $others[$id];
        $bytes = fread($socket, 1_000_000);
        if ($bytes === '' || $bytes === false || isset($doomed[(int) $other])) {
            $close($id);
            continue;
        }
        if (isset($clients[$id]) && preg_match('~COMMIT(?!TED)~', $bytes) === 1) {
            $mode = trim((string) file_get_contents($modeFile));
            file_put_contents($modeFile, '');
            if ($mode === 'before') {
                $close($id);
                continue;
            }
            if ($mode === 'after') {
                $doomed[$id] = true;
            }
        }
        stream_set_blocking($other, true);
        fwrite($other, $bytes);
        stream_set_blocking($other, false);
    }
}
