<?php

declare(strict_types=1);

namespace Hookwright\Database;

use Hookwright\Exception\InvalidException;
use PDO;
use PDOException;
use PDOStatement;

/** A `PDO` of SQLite, MySQL, MariaDB or PostgreSQL, in any error mode and with any attributes. */
final class PdoConnection implements Connection
{
    /** The SQLSTATE of a failed connection. */
    private const LOST = '08006';

    private readonly Dialect $dialect;

    public function __construct(private readonly PDO $pdo)
    {
        $driver = (string) $pdo->getAttribute(PDO::ATTR_DRIVER_NAME);
        $this->dialect = Dialect::tryFrom($driver) ?? throw new InvalidException(
            'connection',
            "is a PDO of the driver `$driver`",
            'use the driver sqlite, mysql or pgsql',
        );
    }

    public function dialect(): Dialect
    {
        return $this->dialect;
    }

    public function query(string $sql, array $values = []): array
    {
        return $this->run($sql, $values, static function (PDOStatement $statement): array {
            if ($statement->columnCount() === 0) {
                return [];
            }
            /** @var list<list<string|int|null>> $rows */
            $rows = $statement->fetchAll(PDO::FETCH_NUM);
            return $rows;
        });
    }

    public function execute(string $sql, array $values = []): int
    {
        return $this->run($sql, $values, static fn (PDOStatement $statement): int => $statement->rowCount());
    }

    public function inTransaction(): bool
    {
        return match ($this->dialect) {
            Dialect::Sqlite => $this->isOpenInSqlite(),
            Dialect::Mysql => $this->pdo->inTransaction() || $this->isAutocommitOff(),
            Dialect::Postgres => $this->pdo->inTransaction() && $this->isConnectedToPostgres(),
        };
    }

    /** PDO reports an open transaction on every lost connection, so the connection is checked too. */
    private function isConnectedToPostgres(): bool
    {
        $status = (string) $this->pdo->getAttribute(PDO::ATTR_CONNECTION_STATUS);
        return str_contains($status, 'OK')
            ? true
            : throw new DatabaseException("the connection is lost: $status", self::LOST, 0);
    }

    /** Without autocommit, the next statement begins a transaction. The server reports none before it. */
    private function isAutocommitOff(): bool
    {
        try {
            return (string) $this->query('SELECT @@autocommit')[0][0] === '0';
        } catch (DatabaseException $error) {
            // No transaction is open on a lost connection. The next statement reports the loss.
            return $this->dialect->isLost($error) ? false : throw $error;
        }
    }

    /** PDO knows only transactions that began with its own method. SQLite itself refuses one setting within a transaction. */
    private function isOpenInSqlite(): bool
    {
        try {
            // Refused within a transaction. Outside one it has no effect, because the temporary database ignores this setting.
            $this->execute('PRAGMA temp.synchronous = FULL');
        } catch (DatabaseException $error) {
            if (str_contains($error->getMessage(), 'inside a transaction')) {
                return true;
            }
            throw $error;
        }
        if ($this->pdo->inTransaction()) {
            throw new DatabaseException(
                'the transaction that PDO began is no longer open: SQLite or a statement has ended it',
                DatabaseException::TRANSACTION_ENDED,
                0,
            );
        }
        return false;
    }

    /**
     * @template T
     * @param list<string> $values
     * @param callable(PDOStatement): T $read
     * @return T
     */
    private function run(string $sql, array $values, callable $read): mixed
    {
        try {
            // PostgreSQL then parses and runs the statement in one round trip, and no prepared statement is left for a pooler to lose.
            $options = $this->dialect === Dialect::Postgres ? [PDO::PGSQL_ATTR_DISABLE_PREPARES => true] : [];
            $statement = @$this->pdo->prepare($sql, $options);
            if ($statement === false) {
                throw self::failed($this->pdo->errorInfo());
            }
            foreach ($values as $index => $value) {
                $statement->bindValue($index + 1, $value, PDO::PARAM_STR | PDO::PARAM_STR_CHAR);
            }
            if (!@$statement->execute()) {
                throw self::failed($statement->errorInfo());
            }
            $answer = $read($statement);
            $statement->closeCursor();
            return $answer;
        } catch (PDOException $error) {
            $info = $error->errorInfo;
            $known = is_array($info) ? $info : [(string) $error->getCode(), null, $error->getMessage()];
            throw self::failed($known, $error);
        }
    }

    /** @param array<int, mixed> $info of `errorInfo` */
    private static function failed(array $info, ?PDOException $error = null): DatabaseException
    {
        $state = is_string($info[0] ?? null) && strlen($info[0]) === 5 && $info[0] !== '00000' ? $info[0] : '';
        $code = is_int($info[1] ?? null) ? $info[1] : 0;
        $message = is_string($info[2] ?? null) ? $info[2] : ($error?->getMessage() ?? 'the statement failed');
        return new DatabaseException($message, $state, $code, $error);
    }
}
