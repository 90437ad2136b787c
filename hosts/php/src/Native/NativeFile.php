<?php

declare(strict_types=1);

namespace Hookwright\Native;

use FFI;
use Hookwright\Exception\InternalException;

/**
 * The path of the native library.
 *
 * @internal
 */
final class NativeFile
{
    /** Returns the path in `HOOKWRIGHT_NATIVE` or, without it, the library of this package for this machine. */
    public static function find(): string
    {
        $given = getenv('HOOKWRIGHT_NATIVE');
        if (is_string($given) && $given !== '') {
            // FFI would search the system's folders for a name without a slash.
            $path = realpath($given);
            return $path !== false ? $path : throw new InternalException(
                'HOOKWRIGHT_NATIVE',
                "there is no file `$given`",
                'give the path of libhookwright_native',
            );
        }
        $target = self::target();
        $suffix = PHP_OS_FAMILY === 'Darwin' ? 'dylib' : 'so';
        $path = dirname(__DIR__, 2) . "/native/$target/libhookwright_native.$suffix";
        return is_file($path) ? $path : throw new InternalException(
            null,
            "there is no native library for `$target` at `$path`",
            'build the crate hookwright-native and set HOOKWRIGHT_NATIVE to its path, or use the intake, which needs no library',
        );
    }

    /** Returns architecture, system and C library: `x86_64-linux-gnu`. */
    public static function target(): string
    {
        $machine = strtolower(php_uname('m'));
        $architecture = ['amd64' => 'x86_64', 'arm64' => 'aarch64'][$machine] ?? $machine;
        if (PHP_OS_FAMILY !== 'Linux') {
            return "$architecture-" . strtolower(PHP_OS_FAMILY);
        }
        return "$architecture-linux-" . (self::isGlibc() ? 'gnu' : 'musl');
    }

    /** Returns true if this PHP uses glibc. The machine may have musl, too. */
    private static function isGlibc(): bool
    {
        if (extension_loaded('ffi')) {
            try {
                FFI::cdef('const char *gnu_get_libc_version(void);');
                return true;
            } catch (FFI\Exception $error) {
                if (!str_contains($error->getMessage(), 'restricted')) {
                    return false;
                }
            }
        }
        // Without FFI no library can be loaded, and `Library` says so. This is a guess.
        return glob('/lib/ld-musl-*') === [];
    }
}
