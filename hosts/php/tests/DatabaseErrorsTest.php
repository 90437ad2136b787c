<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Database\DatabaseException;
use Hookwright\Database\PdoConnection;
use Hookwright\Sql\MysqlStatements;
use Hookwright\Sql\PostgresStatements;
use Hookwright\Sql\SqliteStatements;
use Hookwright\Sql\SqlStorage;
use Hookwright\Sql\Statements;
use Hookwright\Storage\Mutation;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\WatchedConnection;
use PDO;
use PHPUnit\Framework\TestCase;

/** The meaning of database errors and the settings during a commit, by the table that all hosts share. */
final class DatabaseErrorsTest extends TestCase
{
    private const TABLE = __DIR__ . '/../../../tests/data/storage-kit/databases.json';

    /**
     * @dataProvider errors
     * @param array<string, mixed> $row
     */
    public function testErrorHasTheMeaningOfTheSharedTable(Statements $statements, array $row): void
    {
        $code = $row['code'];
        // PDO reports the primary result code of SQLite.
        $driverCode = is_int($code) ? ($statements instanceof SqliteStatements ? $code & 0xff : $code) : 0;
        $error = new DatabaseException($row['message'] ?? 'failed', is_string($code) ? $code : '', $driverCode);
        $own = $row['when'] === 'commit' ? $statements->commitFailed($error) : $statements->failed($error);
        self::assertSame($row['own'], $own->kind);
        self::assertStringContainsString($row['hint'] ?? '', $own->getMessage());
        if (isset($row['joined'])) {
            $joined = $statements->losesTransaction($error) ? 'transaction-aborted' : $statements->failed($error)->kind;
            self::assertSame($row['joined'], $joined);
        }
    }

    /** @return iterable<string, array{Statements, array<string, mixed>}> */
    public static function errors(): iterable
    {
        $statements = ['sqlite' => new SqliteStatements(), 'postgres' => new PostgresStatements(), 'mysql' => new MysqlStatements()];
        foreach (self::table()['errors'] as $database => $rows) {
            foreach ($rows as $row) {
                yield "$database, $row[name]" => [$statements[$database], $row];
            }
        }
    }

    /**
     * @dataProvider settings
     * @param array<string, string> $row
     */
    public function testSettingDuringACommitIsThatOfTheSharedTable(array $row): void
    {
        $connection = Databases::connect($row['database']);
        Databases::store($connection);
        $connection->exec($row['set']);
        $read = static fn (): string => (string) $connection->query($row['read'])->fetchColumn();
        $before = $read();
        foreach (['own' => null, 'joined' => 'BEGIN'] as $kind => $begin) {
            $begin === null || $connection->exec($begin);
            $during = [];
            $watched = new WatchedConnection(new PdoConnection($connection), static function (string $sql) use ($read, &$during): void {
                // Its own commit, or the last statement within the platform's transaction.
                if (str_starts_with($sql, 'COMMIT') || str_starts_with($sql, 'RELEASE')) {
                    $during[] = $read();
                }
            });
            SqlStorage::on($watched)->commit([], [new Mutation('a', '1')]);
            self::assertSame($row[$kind], end($during), $kind);
            $begin === null || $connection->exec('COMMIT');
            self::assertSame($before, $read(), "after $kind");
        }
    }

    /** @return array<string, array{array<string, string>}> */
    public static function settings(): array
    {
        $rows = self::table()['settings'];
        return array_combine(array_column($rows, 'name'), array_map(static fn (array $row): array => [$row], $rows));
    }

    /** @return array<string, mixed> */
    private static function table(): array
    {
        return json_decode((string) file_get_contents(self::TABLE), true, 16, JSON_THROW_ON_ERROR);
    }
}
