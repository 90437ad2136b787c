<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use PHPUnit\Framework\Assert;

/** A php-fpm of the tests on a Unix socket, with default settings except the preloading, and a FastCGI client. */
final class Fpm
{
    private const BEGIN = 1;
    private const END = 3;
    private const PARAMS = 4;
    private const STDIN = 5;
    private const STDOUT = 6;
    private const STDERR = 7;

    /** @var resource */
    private $process;
    private readonly string $socket;

    /**
     * @param array<string, string> $environment of the workers
     * @param list<string> $settings `name=value` of php.ini
     */
    public function __construct(array $environment, array $settings, int $workers = 1)
    {
        $folder = Folder::make();
        $this->socket = "$folder/fpm.sock";
        $lines = ["[global]", "error_log = $folder/log", 'daemonize = no', '[www]', "listen = $this->socket", 'pm = static',
            "pm.max_children = $workers", 'clear_env = no', 'catch_workers_output = yes'];
        if (posix_geteuid() === 0) {
            $lines = [...$lines, 'user = root', 'group = root'];
            $settings[] = 'opcache.preload_user=root';
        }
        file_put_contents("$folder/fpm.conf", implode("\n", $lines) . "\n");
        $version = PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
        $program = is_executable("/usr/sbin/php-fpm$version") ? "/usr/sbin/php-fpm$version" : 'php-fpm';
        $options = array_merge(...array_map(static fn (string $one): array => ['-d', $one], $settings));
        $null = ['file', '/dev/null', 'r+'];
        $process = proc_open(
            [$program, '--nodaemonize', '--allow-to-run-as-root', '-y', "$folder/fpm.conf", ...$options],
            [$null, $null, ['file', "$folder/stderr", 'a']],
            $pipes,
            null,
            $environment + getenv(),
        );
        Assert::assertIsResource($process);
        $this->process = $process;
        $until = microtime(true) + 60;
        while (@stream_socket_client("unix://$this->socket") === false) {
            $log = @file_get_contents("$folder/log") . @file_get_contents("$folder/stderr");
            Assert::assertTrue(proc_get_status($process)['running'], $log);
            Assert::assertLessThan($until, microtime(true), $log);
            usleep(20_000);
        }
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGTERM);
        proc_close($this->process);
    }

    /** Requests a script. Returns its output. Output on stderr fails the test. */
    public function get(string $script, string $query = ''): string
    {
        return $this->request($script, 'GET', "/?$query")[1];
    }

    /**
     * Requests a script.
     *
     * @param array<string, string> $more parameters of FastCGI
     * @param bool $mayFail true if the script may write to stderr
     * @return array{int, string} the status and the output
     */
    public function request(
        string $script,
        string $method,
        string $uri,
        array $more = [],
        string $body = '',
        bool $mayFail = false,
    ): array {
        [$status, $content, , $errors] = $this->exchange($script, $method, $uri, $more, $body);
        Assert::assertTrue($mayFail || $errors === '', $errors);
        return [$status, $content];
    }

    /**
     * Requests a script.
     *
     * @param array<string, string> $more parameters of FastCGI
     * @return array{int, string, string, string} the status, the output, the headers and stderr
     */
    public function exchange(string $script, string $method, string $uri, array $more = [], string $body = ''): array
    {
        $parameters = $more + ['SCRIPT_FILENAME' => $script, 'REQUEST_METHOD' => $method, 'REQUEST_URI' => $uri,
            'QUERY_STRING' => explode('?', $uri, 2)[1] ?? '', 'SERVER_PROTOCOL' => 'HTTP/1.1',
            'GATEWAY_INTERFACE' => 'CGI/1.1', 'CONTENT_LENGTH' => (string) strlen($body), 'CONTENT_TYPE' => 'application/json'];
        $pairs = '';
        foreach ($parameters as $name => $value) {
            $pairs .= self::length($name) . self::length($value) . $name . $value;
        }
        $input = implode(array_map(fn (string $part): string => self::record(self::STDIN, $part), str_split($body, 65_000)));
        // A new connection for each request, as most web servers do.
        $connection = stream_socket_client("unix://$this->socket");
        Assert::assertIsResource($connection);
        fwrite($connection, self::record(self::BEGIN, "\0\1\0\0\0\0\0\0") . self::record(self::PARAMS, $pairs)
            . self::record(self::PARAMS, '') . ($body === '' ? '' : $input) . self::record(self::STDIN, ''));
        $output = $errors = '';
        while (($head = self::read($connection, 8)) !== '') {
            ['type' => $type, 'length' => $length, 'padding' => $padding] =
                unpack('Cversion/Ctype/nid/nlength/Cpadding/Creserved', $head) ?: [];
            $content = substr(self::read($connection, $length + $padding), 0, $length);
            $output .= $type === self::STDOUT ? $content : '';
            $errors .= $type === self::STDERR ? $content : '';
            if ($type === self::END) {
                break;
            }
        }
        [$head, $content] = explode("\r\n\r\n", $output, 2) + [1 => ''];
        return [preg_match('/^Status: (\d+)/m', $head, $found) === 1 ? (int) $found[1] : 200, $content, $head, $errors];
    }

    /** @param resource $connection */
    private static function read($connection, int $bytes): string
    {
        $read = '';
        while (strlen($read) < $bytes && !feof($connection)) {
            $read .= fread($connection, $bytes - strlen($read));
        }
        return $read;
    }

    private static function record(int $type, string $content): string
    {
        return pack('CCnnCC', 1, $type, 1, strlen($content), 0, 0) . $content;
    }

    private static function length(string $text): string
    {
        return strlen($text) < 128 ? chr(strlen($text)) : pack('N', strlen($text) | 0x80000000);
    }
}
