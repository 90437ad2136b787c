<?php

// Prints the error of a platform whose php.ini forbids FFI.

declare(strict_types=1);

use Hookwright\Config;
use Hookwright\Exception\InternalException;
use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

try {
    Hookwright::open(new MemoryStorage(), Config::sealedWith(Hooks::SEALING_KEY))->eventTypes();
    echo 'not refused';
} catch (InternalException $error) {
    echo $error->getMessage();
}
