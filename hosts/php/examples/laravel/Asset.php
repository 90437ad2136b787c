<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

/** A model of the platform. */
class Asset extends Model
{
    public $timestamps = false;
    protected $guarded = [];
    protected $hidden = ['licence_key'];
    protected $casts = ['active' => 'boolean'];
    protected $attributes = ['active' => true, 'licence_key' => 'of the licence'];
}
