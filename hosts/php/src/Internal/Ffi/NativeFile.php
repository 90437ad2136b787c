<?php

declare(strict_types=1);

namespace Hookwright\Internal\Ffi;

use FFI;
use Hookwright\Exception\InternalException;

/** Where the native library is: what `HOOKWRIGHT_NATIVE` says, or the one of this package for this machine. */
final class NativeFile
{
    public static function find(): string
    {
        $told = getenv('HOOKWRIGHT_NATIVE');
        if (is_string($told) && $told !== '') {
            // FFI would look a name without a slash up in the system's folders.
            $path = realpath($told);
            return $path !== false ? $path : throw new InternalException(
                'HOOKWRIGHT_NATIVE',
                "there is no file `$told`",
                'give the path of libhookwright_native',
            );
        }
        $target = self::target();
        $suffix = PHP_OS_FAMILY === 'Darwin' ? 'dylib' : 'so';
        $path = dirname(__DIR__, 3) . "/native/$target/libhookwright_native.$suffix";
        return is_file($path) ? $path : throw new InternalException(
            null,
            "there is no native library for `$target` at `$path`",
            'build the crate hookwright-native and say in HOOKWRIGHT_NATIVE where it is, or use the intake, which needs none',
        );
    }

    /** Architecture, system and C library: `x86_64-linux-gnu`. */
    public static function target(): string
    {
        $machine = strtolower(php_uname('m'));
        $architecture = ['amd64' => 'x86_64', 'arm64' => 'aarch64'][$machine] ?? $machine;
        if (PHP_OS_FAMILY !== 'Linux') {
            return "$architecture-" . strtolower(PHP_OS_FAMILY);
        }
        return "$architecture-linux-" . (self::isGlibc() ? 'gnu' : 'musl');
    }

    /** Whether this PHP's own C library is glibc: the machine may have both. */
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
        // Nothing can be loaded in any case.
        return glob('/lib/ld-musl-*') === [];
    }
}
