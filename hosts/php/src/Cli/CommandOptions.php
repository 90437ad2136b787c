<?php

declare(strict_types=1);

namespace Hookwright\Cli;

use Hookwright\Exception\InvalidException;
use Hookwright\Support\Limits;

/**
 * The arguments of a command: one operand and known options.
 *
 * @internal
 */
final class CommandOptions
{
    /** @param array<string, int|bool> $values */
    private function __construct(private array $values, private ?string $operand)
    {
    }

    /**
     * Parses arguments.
     *
     * @param list<string> $arguments
     * @param array<string, int|bool> $defaults the known options with their defaults; `false` for an option without a value
     */
    public static function parse(array $arguments, array $defaults): self
    {
        $options = new self($defaults, null);
        while (($argument = array_shift($arguments)) !== null) {
            if (!str_starts_with($argument, '--')) {
                $options->operand = $options->operand === null
                    ? $argument
                    : throw self::invalid($argument, 'is one argument too many');
                continue;
            }
            [$name, $value] = explode('=', substr($argument, 2), 2) + [1 => null];
            if (!array_key_exists($name, $defaults)) {
                throw self::invalid("--$name", 'is not an option of this command');
            }
            $options->values[$name] = is_bool($defaults[$name])
                ? ($value === null ?: throw self::invalid("--$name", 'takes no value'))
                : self::parseNumber("--$name", $value ?? array_shift($arguments));
        }
        return $options;
    }

    /** Returns the operand. */
    public function operand(string $name): string
    {
        return $this->operand ?? throw self::invalid($name, 'is missing');
    }

    /** Returns true if an option without a value was given. */
    public function isSet(string $name): bool
    {
        return $this->values[$name] === true;
    }

    /** Returns the value of an option. */
    public function value(string $name): int
    {
        return (int) $this->values[$name];
    }

    private static function parseNumber(string $option, ?string $value): int
    {
        $range = ['min_range' => 0, 'max_range' => Limits::U32_MAX];
        $number = filter_var($value, FILTER_VALIDATE_INT, ['options' => $range]);
        return is_int($number) ? $number : throw self::invalid($option, "takes a whole number, not `$value`");
    }

    private static function invalid(string $field, string $reason): InvalidException
    {
        return new InvalidException($field, $reason, 'see `hookwright --help`');
    }
}
