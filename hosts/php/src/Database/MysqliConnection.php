<?php

declare(strict_types=1);

namespace Hookwright\Database;

use mysqli;
use mysqli_driver;
use mysqli_result;
use mysqli_stmt;

/** A `mysqli`, CodeIgniter's default, in any report mode. */
final class MysqliConnection implements Connection
{
    /** The error of `RELEASE SAVEPOINT` without a savepoint. Outside a transaction, MySQL keeps no savepoint. */
    private const NO_SAVEPOINT = 1305;

    public function __construct(private readonly mysqli $mysqli)
    {
    }

    public function dialect(): Dialect
    {
        return Dialect::Mysql;
    }

    public function query(string $sql, array $values = []): array
    {
        return $this->run($sql, $values)[0];
    }

    public function execute(string $sql, array $values = []): int
    {
        return $this->run($sql, $values)[1];
    }

    /** mysqli cannot tell. A savepoint can: MySQL keeps it only within a transaction, also with `autocommit = 0`. */
    public function inTransaction(): bool
    {
        $this->execute('SAVEPOINT hookwright_probe');
        try {
            $this->execute('RELEASE SAVEPOINT hookwright_probe');
            return true;
        } catch (DatabaseException $error) {
            if ($error->driverCode === self::NO_SAVEPOINT) {
                return false;
            }
            throw $error;
        }
    }

    /**
     * @param list<string> $values
     * @return array{list<list<string|int|null>>, int} the rows, and the number of changed rows
     */
    private function run(string $sql, array $values): array
    {
        // In some modes, a statement without an index throws. This method checks for errors itself.
        $driver = new mysqli_driver();
        $mode = $driver->report_mode;
        $driver->report_mode = MYSQLI_REPORT_OFF;
        try {
            if ($values === []) {
                $result = @$this->mysqli->query($sql);
                $this->check($result !== false, $this->mysqli);
                return [self::rows($result), (int) $this->mysqli->affected_rows];
            }
            $statement = @$this->mysqli->prepare($sql);
            if ($statement === false) {
                throw self::failed($this->mysqli->error, $this->mysqli->sqlstate, $this->mysqli->errno);
            }
            $this->check(@$statement->execute($values), $statement);
            $result = @$statement->get_result();
            $this->check($result !== false || $statement->errno === 0, $statement);
            $answer = [self::rows($result), (int) $statement->affected_rows];
            $statement->close();
            return $answer;
        } finally {
            $driver->report_mode = $mode;
        }
    }

    private function check(bool $succeeded, mysqli|mysqli_stmt $source): void
    {
        if (!$succeeded) {
            throw self::failed($source->error, $source->sqlstate, $source->errno);
        }
    }

    private static function failed(string $message, string $state, int $code): DatabaseException
    {
        return new DatabaseException($message === '' ? 'the statement failed' : $message, $state, $code);
    }

    /** @return list<list<string|int|null>> */
    private static function rows(mysqli_result|bool $result): array
    {
        if (is_bool($result)) {
            return [];
        }
        /** @var list<list<string|int|null>> $rows */
        $rows = $result->fetch_all(MYSQLI_NUM);
        $result->free();
        return $rows;
    }
}
