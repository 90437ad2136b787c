<?php

// Loads the module of Perfex without this package. `eval` defines the function, so that this file only runs code.

declare(strict_types=1);

eval('function log_message(string $level, string $message): void { fwrite(STDERR, "$level: $message\n"); }');
require $argv[1];
