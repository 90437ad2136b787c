<?php

declare(strict_types=1);

error_reporting(E_ALL);
require __DIR__ . '/../src/autoload.php';
// PSR-3, as Debian packages it.
require_once 'Psr/Log/autoload.php';

spl_autoload_register(static function (string $class): void {
    $prefix = 'Hookwright\\Tests\\';
    if (str_starts_with($class, $prefix)) {
        require __DIR__ . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    }
});
