<?php

// For `opcache.preload`. With `ffi.enable=preload`, PHP's default for web servers, only preloaded files may use FFI. This file preloads
// the only files of this package that use it.

declare(strict_types=1);

require_once __DIR__ . '/src/autoload.php';

foreach (glob(__DIR__ . '/src/Native/*.php') ?: [] as $file) {
    opcache_compile_file($file);
}
