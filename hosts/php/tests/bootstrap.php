<?php

declare(strict_types=1);

error_reporting(E_ALL);
require __DIR__ . '/../src/autoload.php';
// Debian's package of PSR-3.
require_once 'Psr/Log/autoload.php';

spl_autoload_register(static function (string $class): void {
    $prefix = 'Hookwright\\Tests\\';
    if (str_starts_with($class, $prefix)) {
        require __DIR__ . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    }
});
