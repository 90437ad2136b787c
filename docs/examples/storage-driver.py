"""A storage driver over the standard sqlite3 module: a complete store, and the protocol of docs/storage-kit.md.

    hookwright check-storage -- python3 docs/examples/storage-driver.py /tmp/check.db
"""

import json
import re
import sqlite3
import sys

KEY = re.compile(r"[a-z0-9/._-]{1,255}")
BOUND = re.compile(r"[!-~]{1,256}")
VALUE_BYTES_MAX, COMMIT_BYTES_MAX = 524_288, 8_388_608
SCHEMA = """CREATE TABLE IF NOT EXISTS hookwright (
    version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)"""


class Refused(Exception):
    """A call's error, as an object of the contract."""


def require(holds, message):
    if not holds:
        raise Refused({"kind": "invalid", "message": message})


class Store:
    schema = SCHEMA

    def open(self, path):
        # With isolation_level None, sqlite3 begins no transaction by itself.
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute(self.schema)

    def reset(self):
        self.db.executescript("DROP TABLE hookwright;" + self.schema)

    def get(self, keys):
        require(len(keys) <= 1_000, "a get has at most 1,000 keys")
        for key in keys:
            require(KEY.fullmatch(key), "a key has 1 to 255 of a-z 0-9 / . _ -")
        self.db.execute("BEGIN")  # one snapshot for all keys
        try:
            return [self.row(key) for key in keys]
        finally:
            self.db.execute("COMMIT")

    def row(self, key):
        return entry(self.db.execute("SELECT key, value, version FROM hookwright WHERE key = ?", [key]).fetchone())

    def scan(self, start, end, limit, order):
        require(BOUND.fullmatch(start) and BOUND.fullmatch(end), "a bound has 1 to 256 bytes of printable ASCII")
        require(1 <= limit <= 1_000, "a limit is 1 to 1,000")
        direction = "DESC" if order == "reverse" else "ASC"
        query = f"SELECT key, value, version FROM hookwright WHERE key >= ? AND key < ? ORDER BY key {direction} LIMIT ?"
        return [entry(row) for row in self.db.execute(query, [start, end, limit])]

    def commit(self, checks, mutations):
        validate(checks, mutations)
        self.db.execute("BEGIN IMMEDIATE")  # no other connection writes from here on
        try:
            failed = [index for index, check in enumerate(checks) if self.version(check["key"]) != check["version"]]
            if failed:
                raise Refused({"kind": "conflict", "failed": failed})
            versions = [str(version) for version in map(self.apply, mutations) if version is not None]
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        try:
            self.db.execute("COMMIT")
        except sqlite3.Error as error:  # the log may contain the commit
            raise Refused({"kind": "unknown", "message": str(error)})
        return versions

    def version(self, key):
        """Returns the version as text, like the check's. A version beyond SQLite's integers is then simply different."""
        found = self.db.execute("SELECT version FROM hookwright WHERE key = ?", [key]).fetchone()
        return found and str(found[0])

    def apply(self, mutation):
        if "delete" in mutation:
            self.db.execute("DELETE FROM hookwright WHERE key = ?", [mutation["delete"]])
            return None
        # REPLACE is a delete and an insert, so it makes a new version.
        put = "REPLACE INTO hookwright (key, value) VALUES (?, ?)"
        return self.db.execute(put, [mutation["put"], mutation["value"]]).lastrowid


def entry(row):
    return row and {"key": row[0], "value": row[1], "version": str(row[2])}


def validate(checks, mutations):
    """Applies the rules of wit/storage.wit that need no look at a row."""
    require(len(checks) <= 1_000 and len(mutations) <= 1_000, "a commit has at most 1,000 checks and 1,000 mutations")
    checked = [check["key"] for check in checks]
    changed = [mutation.get("put", mutation.get("delete")) for mutation in mutations]
    values = [mutation["value"].encode() for mutation in mutations if "put" in mutation]
    for key in checked + changed:
        require(KEY.fullmatch(key), "a key has 1 to 255 of a-z 0-9 / . _ -")
    for value in values:
        require(len(value) <= VALUE_BYTES_MAX and b"\0" not in value, "a value has at most 524,288 bytes and no U+0000")
    require(sum(map(len, checked + changed + values)) <= COMMIT_BYTES_MAX, "a commit has at most 8,388,608 bytes")
    require(len(set(checked)) == len(checked) and len(set(changed)) == len(changed), "a key is checked or changed twice")
    puts = {mutation["put"] for mutation in mutations if "put" in mutation}
    absent = [check["key"] for check in checks if check["version"] is None]
    require(puts.issuperset(absent), "the absence of a key is checked, but the commit does not put it")


def serve(store, path):
    for line in sys.stdin.buffer:
        call = json.loads(line)
        number, name = call.pop("id"), call.pop("call")
        try:
            if name == "open":
                store.open(path)
                answer = {"ok": {"protocol": 1, "durable": True}}
            else:
                answer = {"ok": getattr(store, name)(**call)}
        except Refused as refused:
            answer = {"error": refused.args[0]}
        except sqlite3.OperationalError as error:  # a lock timeout or no space; rolled back
            answer = {"error": {"kind": "not-applied", "message": str(error)}}
        print(json.dumps({"id": number, **answer}), flush=True)


if __name__ == "__main__":
    serve(Store(), sys.argv[1])
