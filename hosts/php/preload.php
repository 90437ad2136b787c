<?php

// For `opcache.preload`: with it, this package may use FFI although `ffi.enable` is `preload`, which is what PHP has for web servers unless
// it is told otherwise. Nobody else's code may.

declare(strict_types=1);

require_once __DIR__ . '/src/autoload.php';

foreach (glob(__DIR__ . '/src/Internal/Ffi/*.php') ?: [] as $file) {
    opcache_compile_file($file);
}
