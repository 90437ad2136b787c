<?php

// Loads the classes of the package without Composer, for example in a CodeIgniter module.

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    $prefix = 'Hookwright\\';
    if (str_starts_with($class, $prefix)) {
        $file = __DIR__ . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
        if (is_file($file)) {
            require $file;
        }
    }
});
