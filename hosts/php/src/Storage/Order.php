<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/** The order of the rows of a scan. */
enum Order: string
{
    case Forward = 'forward';
    case Reverse = 'reverse';
}
