<?php

// What a platform is told whose php.ini keeps FFI from it.

declare(strict_types=1);

use Hookwright\Exception\InternalException;
use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Tests\Support\Hooks;

require __DIR__ . '/../../src/autoload.php';
require_once __DIR__ . '/../Support/Hooks.php';

try {
    Hookwright::open(new MemoryStorage(), Hooks::SEALING_KEY)->eventTypes();
    echo 'not refused';
} catch (InternalException $error) {
    echo $error->getMessage();
}
