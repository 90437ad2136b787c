<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

/** Temporary folders, removed when the process ends. */
final class Folder
{
    /** Creates a folder. */
    public static function make(): string
    {
        $folder = sprintf('%s/hw-%s', sys_get_temp_dir(), bin2hex(random_bytes(6)));
        mkdir($folder, 0700);
        $owner = getmypid();
        register_shutdown_function(static fn () => $owner === getmypid() && exec('rm -rf ' . escapeshellarg($folder)));
        return $folder;
    }
}
