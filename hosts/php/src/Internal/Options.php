<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Exception\InvalidException;

/** The arguments of a command: one operand, and options that are known. */
final class Options
{
    /** @param array<string, int|bool> $values */
    private function __construct(private array $values, private ?string $operand)
    {
    }

    /**
     * @param list<string> $arguments
     * @param array<string, int|bool> $known with what they are unless they are given; `false` for one without a value
     */
    public static function read(array $arguments, array $known): self
    {
        $read = new self($known, null);
        while (($argument = array_shift($arguments)) !== null) {
            if (!str_starts_with($argument, '--')) {
                $read->operand = $read->operand === null ? $argument : throw self::refused($argument, 'is one too many');
                continue;
            }
            [$name, $value] = explode('=', substr($argument, 2), 2) + [1 => null];
            if (!array_key_exists($name, $known)) {
                throw self::refused("--$name", 'is no option of this command');
            }
            $read->values[$name] = is_bool($known[$name])
                ? ($value === null ?: throw self::refused("--$name", 'has no value'))
                : self::number("--$name", $value ?? array_shift($arguments));
        }
        return $read;
    }

    public function operand(string $name): string
    {
        return $this->operand ?? throw self::refused($name, 'is missing');
    }

    public function value(string $name): int|bool
    {
        return $this->values[$name];
    }

    private static function number(string $option, ?string $value): int
    {
        $number = filter_var($value, FILTER_VALIDATE_INT, ['options' => ['min_range' => 0, 'max_range' => 4_294_967_295]]);
        return is_int($number) ? $number : throw self::refused($option, "takes a whole number, not `$value`");
    }

    private static function refused(string $what, string $why): InvalidException
    {
        return new InvalidException($what, $why, '`hookwright --help` shows all');
    }
}
