<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

/** A model of the platform's. */
class Asset extends Model
{
    public $timestamps = false;
    protected $guarded = [];
}
