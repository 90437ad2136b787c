<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Event;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Hookwright;
use Hookwright\Intake;
use Hookwright\IntakeReader;
use Hookwright\Sql\IntakeRow;
use Hookwright\Sql\SqlStorage;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Hooks;
use mysqli;
use mysqli_driver;
use PDO;
use PHPUnit\Framework\TestCase;

/** The intake: events that are written without the component, and the reader that accepts them. */
final class IntakeTest extends TestCase
{
    /** @dataProvider databases */
    public function testRowBecomesAnEventExactlyIfItsTransactionCommits(string $name): void
    {
        [$connection, $hookwright, $reader] = self::opened($name);
        $intake = new Intake($connection);
        $connection->query('BEGIN');
        $intake->onEvent(new Event('invoice.paid', ['id' => 1]), 'acme');
        $connection->query('ROLLBACK');
        self::assertSame(0, $reader->accept());
        $connection->query('BEGIN');
        $intake->onEvent(new Event('invoice.paid', ['name' => 'Zoë 😀']), 'äcme');
        $intake->onEvent('{"type":"invoice.sent","data":{"n":1.50},"tenant":"other"}');
        $connection->query('COMMIT');
        // The plain statement, without a class of this package.
        $connection->query("INSERT INTO hookwright_intake (tenant, event) VALUES ('acme', '{\"type\":\"a.b\"}')");
        self::assertSame(3, $reader->accept());
        self::assertSame(0, $reader->accept());
        self::assertSame(3, $hookwright->deliver()->routed);
        $stored = self::messages($connection);
        self::assertStringContainsString('1.50', $stored);
        self::assertStringContainsString('Zoë 😀', $stored);
    }

    /** @dataProvider databases */
    public function testTenantIsStoredUnchangedByEveryConnection(string $name): void
    {
        [$connection] = self::opened($name);
        (new Intake($connection))->onEvent(['type' => 'a.b'], 'Zoë 😀');
        $other = SqlStorage::on(Databases::connect(explode('-', $name)[0]));
        self::assertSame([['Zoë 😀']], $other->connection()->query('SELECT tenant FROM hookwright_intake'));
    }

    /** @dataProvider databases */
    public function testInvalidEventIsMarkedAndOthersAreAccepted(string $name): void
    {
        [$connection, $hookwright, $reader] = self::opened($name);
        $intake = new Intake($connection);
        $intake->onEvent(['type' => 'a.b', 'id' => 'one', 'data' => 1], 'acme');
        $intake->onEvent('no JSON', 'acme');
        $intake->onEvent(['type' => 'a.b', 'id' => 'one', 'data' => 2], 'acme');
        $intake->onEvent(['type' => 'a.c'], 'acme');
        self::assertSame(2, $reader->accept());
        $ids = array_column($hookwright->storage()->connection()->query('SELECT id FROM hookwright_intake ORDER BY id'), 0);
        $lines = $reader->takeRefused();
        self::assertCount(2, $lines);
        foreach ($ids as $index => $id) {
            self::assertStringStartsWith("the row $id of the intake (tenant `acme`) is refused: ", $lines[$index]);
        }
        self::assertSame([0, []], [$reader->accept(), $reader->takeRefused()]);
        $rows = $hookwright->storage()->connection()->query('SELECT refused FROM hookwright_intake ORDER BY id');
        self::assertCount(2, $rows);
        self::assertStringContainsString('JSON', (string) $rows[0][0]);
        self::assertStringContainsString('id', (string) $rows[1][0]);
        self::assertSame(2, $hookwright->deliver()->routed);
    }

    /** @dataProvider attributes */
    public function testAttributesOfTheConnectionHaveNoEffect(string $name, int $attribute, int $value): void
    {
        [$connection, $hookwright, $reader] = self::opened($name);
        $connection->setAttribute($attribute, $value);
        $intake = new Intake($connection);
        $intake->onEvent(['type' => 'a.b', 'tenant' => 'acme']);
        $intake->onEvent(['type' => 'a.b', 'tenant' => 'acme'], '');
        self::assertSame(1, $reader->accept());
        $hookwright->onEvent(['type' => 'a.b', 'data' => 'Zoë 😀'], 'acme');
        self::assertSame(2, $hookwright->deliver()->routed);
        self::assertStringContainsString('Zoë 😀', self::messages(Databases::connect($name)));
        $rows = SqlStorage::on(Databases::connect($name))->connection()->query('SELECT tenant FROM hookwright_intake');
        self::assertSame([['']], $rows, 'an empty tenant is refused, and not replaced by that of the event');
    }

    /** @return iterable<string, array{string, int, int}> */
    public static function attributes(): iterable
    {
        foreach (['sqlite', 'postgres', 'mariadb', 'mariadb-native'] as $name) {
            yield "$name, nulls as texts" => [$name, PDO::ATTR_ORACLE_NULLS, PDO::NULL_TO_STRING];
            yield "$name, empty texts as null" => [$name, PDO::ATTR_ORACLE_NULLS, PDO::NULL_EMPTY_STRING];
        }
        yield 'mariadb, national characters' => ['mariadb', PDO::ATTR_DEFAULT_STR_PARAM, PDO::PARAM_STR_NATL];
    }

    public function testReportModeOfMysqliHasNoEffectAndIsKept(): void
    {
        [$connection, $hookwright, $reader] = self::opened('mysqli');
        mysqli_report(MYSQLI_REPORT_ALL);
        try {
            (new Intake($connection))->onEvent(['type' => 'a.b'], 'acme');
            self::assertSame(1, $reader->accept());
            $hookwright->list('acme');
            self::assertSame(1, $hookwright->deliver()->routed);
            self::assertSame(MYSQLI_REPORT_ALL, (new mysqli_driver())->report_mode);
        } finally {
            mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        }
    }

    public function testEventHasTheTimeOfItsRow(): void
    {
        foreach (['sqlite', 'postgres', 'mariadb'] as $name) {
            [$connection, $hookwright, $reader] = self::opened($name);
            $intake = new Intake($connection);
            if ($name === 'mariadb') {
                $connection->query("SET SESSION time_zone = '+05:30'");
            }
            $before = microtime(true);
            $intake->onEvent(['type' => 'a.b'], 'acme');
            $intake->onEvent(['type' => 'a.c', 'occurredAt' => '2020-01-02T03:04:05Z'], 'acme');
            $after = microtime(true);
            usleep(50_000);
            $reader->accept();
            $times = [];
            foreach (Hooks::messages($hookwright->storage()) as $row) {
                $id = substr($row->key, (int) strrpos($row->key, '/') + 1);
                $message = $hookwright->message('acme', str_starts_with($id, 'msg_') ? $id : "msg_$id");
                $times[$message->type] = (float) $message->occurredAt->format('U.u');
            }
            self::assertSame(1_577_934_245.0, $times['a.c']);
            self::assertGreaterThanOrEqual(floor($before * 1_000) / 1_000 - 0.002, $times['a.b'], $name);
            self::assertLessThanOrEqual($after + 0.002, $times['a.b'], $name);
        }
    }

    /** @dataProvider reported */
    public function testEventWithoutATimeOfItsOwnHasTheTimeOfItsRow(string $event, string $time): void
    {
        [$connection, , $reader] = self::opened('sqlite');
        (new Intake($connection))->onEvent($event, 'acme');
        $connection->exec("UPDATE hookwright_intake SET reported_at = '2020-01-02T03:04:05.678Z'");
        self::assertSame(1, $reader->accept());
        self::assertStringContainsString("\"occurredAtUs\":$time", self::messages($connection));
    }

    /** @return array<string, array{string, string}> */
    public static function reported(): array
    {
        [$row, $own] = ['1577934245678000', '1000000'];
        return [
            'absent' => ['{"type":"a.b"}', $row],
            'null' => ['{"type":"a.b","occurredAt":null}', $row],
            'null before the type' => ['{"occurredAt":null,"type":"a.b"}', $row],
            'null, written with an escape' => ['{"type":"a.b","occurred\u0041t":null}', $row],
            'null after a time' => ['{"type":"a.b","occurredAt":"1970-01-01T00:00:01Z","occurredAt":null}', $row],
            'a time after null' => ['{"type":"a.b","occurredAt":null,"occurredAt":"1970-01-01T00:00:01Z"}', $own],
            'white space' => [" {\n \"type\" : \"a.b\" , \"occurredAt\" : null\n }\n ", $row],
            'in the data only' => ['{"type":"a.b","data":{"occurredAt":"1970-01-01T00:00:01Z"}}', $row],
            'a text that looks like an escape' => ['{"type":"a.b","data":"\\\\ud800","occurredAt":null}', $row],
            'a time of its own' => ['{"type":"a.b","occurredAt":"1970-01-01T00:00:01Z"}', $own],
        ];
    }

    public function testTimeIsAddedWhateverCharactersTheEventHas(): void
    {
        foreach (['\ud800', '\udc00x', '\u0000', '\ud83d\ude00'] as $characters) {
            $row = new IntakeRow('1', 'acme', '{"type":"a.b","data":"' . $characters . '","occurredAt":null}', 1_577_934_245_678);
            $expected = '"data":"' . $characters . '","occurredAt":null,"occurredAt":"2020-01-02T03:04:05.678Z"}';
            self::assertStringEndsWith($expected, $row->eventWithTime());
        }
    }

    public function testLargeEventIsAcceptedWithTheTimeOfItsRowIfThereIsRoom(): void
    {
        [$connection, $hookwright, $reader] = self::opened('sqlite');
        $event = '{"type":"a.b","data":"%s"}';
        foreach ([262_144 => 'accepted', 262_104 => 'reported'] as $bytes => $time) {
            $connection->exec('DELETE FROM hookwright');
            (new Intake($connection))->onEvent(sprintf($event, str_repeat('x', $bytes - strlen($event) + 2)), 'acme');
            // Long ago, to distinguish it from the time of the acceptance.
            $connection->exec("UPDATE hookwright_intake SET reported_at = '2020-01-02T03:04:05.678Z'");
            self::assertSame(1, $reader->accept(), "of $bytes bytes");
            $stored = self::messages($connection);
            self::assertSame($time === 'reported', str_contains($stored, '1577934245678000'), "of $bytes bytes");
        }
    }

    public function testManyRowsAreAcceptedInOrderUpToTheMaximum(): void
    {
        [$connection, , $reader] = self::opened('sqlite');
        $intake = new Intake($connection);
        $connection->query('BEGIN');
        for ($n = 0; $n < 250; $n += 1) {
            $intake->onEvent(['type' => 'a.b', 'data' => $n], 'acme');
        }
        $connection->query('COMMIT');
        self::assertSame(120, $reader->accept(120));
        $first = (int) $connection->query('SELECT MIN(id) FROM hookwright_intake')->fetchColumn();
        $left = (int) $connection->query('SELECT COUNT(*) FROM hookwright_intake')->fetchColumn();
        self::assertSame(130, $left);
        self::assertSame(121, $first);
        self::assertSame(130, $reader->accept());
    }

    public function testEventThatCannotBeAcceptedIsNotStored(): void
    {
        [$connection, , $reader] = self::opened('mysqli-utf8');
        $intake = new Intake($connection);
        $event = static fn () => $intake->onEvent(['type' => 'a.b', 'data' => str_repeat('x', 262_144)]);
        self::assertSame('event', Failures::of(TooLargeException::class, $event)->field);
        $tenant = static fn () => $intake->onEvent(['type' => 'a.b'], str_repeat('t', 65));
        self::assertSame('tenant', Failures::of(TooLargeException::class, $tenant)->field);
        $notJson = static fn () => $intake->onEvent(['type' => 'a.b', 'data' => NAN]);
        self::assertSame('event', Failures::of(InvalidException::class, $notJson)->field);
        self::assertSame(0, $reader->accept());
    }

    public function testReaderWithinATransactionIsRefused(): void
    {
        [$connection, , $reader] = self::opened('mysqli-utf8');
        $connection->query('BEGIN');
        $error = Failures::of(ConflictException::class, static fn () => $reader->accept());
        self::assertStringContainsString('transaction', $error->getMessage());
        $connection->query('ROLLBACK');
        self::assertSame(0, $reader->accept());
    }

    /** @return array<string, array{string}> */
    public static function databases(): array
    {
        $names = ['sqlite', 'postgres', 'postgres-latin1', 'mariadb', 'mysqli-utf8'];
        return array_intersect_key(Databases::all(), array_flip($names));
    }

    /** @return array{PDO|mysqli, Hookwright, IntakeReader} */
    private static function opened(string $name): array
    {
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        $reader = IntakeReader::of($hookwright);
        $connection->query('DROP TABLE IF EXISTS hookwright_intake');
        $reader->createSchema();
        return [$connection, $hookwright, $reader];
    }

    /** Returns the values of all message rows as one text. */
    private static function messages(PDO|mysqli $connection): string
    {
        return implode(array_column(Hooks::messages(SqlStorage::on($connection)), 'value'));
    }
}
