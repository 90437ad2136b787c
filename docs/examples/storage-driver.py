"""A storage driver over the standard sqlite3 module: a complete store, and the protocol of docs/storage-kit.md around it.

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
    """The error of the contract with which a call ends."""


def require(holds, message):
    if not holds:
        raise Refused({"kind": "invalid", "message": message})


class Store:
    schema = SCHEMA

    def open(self, path):
        # isolation_level None: no transaction begins that is not written here.
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute(self.schema)

    def reset(self):
        self.db.executescript("DROP TABLE hookwright;" + self.schema)

    def get(self, keys):
        require(len(keys) <= 1_000, "more than 1,000 keys")
        for key in keys:
            require(KEY.fullmatch(key), "no key")
        self.db.execute("BEGIN")  # one snapshot for all keys
        try:
            return [self.row(key) for key in keys]
        finally:
            self.db.execute("COMMIT")

    def row(self, key):
        return entry(self.db.execute("SELECT key, value, version FROM hookwright WHERE key = ?", [key]).fetchone())

    def scan(self, start, end, limit, order):
        require(BOUND.fullmatch(start) and BOUND.fullmatch(end), "no bound")
        require(1 <= limit <= 1_000, "no limit of 1 to 1,000")
        direction = "DESC" if order == "reverse" else "ASC"
        query = f"SELECT key, value, version FROM hookwright WHERE key >= ? AND key < ? ORDER BY key {direction} LIMIT ?"
        return [entry(row) for row in self.db.execute(query, [start, end, limit])]

    def commit(self, checks, mutations):
        validate(checks, mutations)
        self.db.execute("BEGIN IMMEDIATE")  # nobody else writes from here on
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
        except sqlite3.Error as error:  # the log may hold it: nobody knows
            raise Refused({"kind": "unknown", "message": str(error)})
        return versions

    def version(self, key):
        """As text, like the check's: a version that is no number of SQLite's is then simply another."""
        found = self.db.execute("SELECT version FROM hookwright WHERE key = ?", [key]).fetchone()
        return found and str(found[0])

    def apply(self, mutation):
        if "delete" in mutation:
            self.db.execute("DELETE FROM hookwright WHERE key = ?", [mutation["delete"]])
            return None
        # A delete and an insert, which is why it brings a new version.
        put = "REPLACE INTO hookwright (key, value) VALUES (?, ?)"
        return self.db.execute(put, [mutation["put"], mutation["value"]]).lastrowid


def entry(row):
    return row and {"key": row[0], "value": row[1], "version": str(row[2])}


def validate(checks, mutations):
    """The rules of wit/storage.wit that need no look at a row."""
    require(len(checks) <= 1_000 and len(mutations) <= 1_000, "more than 1,000 checks or mutations")
    checked = [check["key"] for check in checks]
    changed = [mutation.get("put", mutation.get("delete")) for mutation in mutations]
    values = [mutation["value"].encode() for mutation in mutations if "put" in mutation]
    for key in checked + changed:
        require(KEY.fullmatch(key), "no key")
    for value in values:
        require(len(value) <= VALUE_BYTES_MAX and b"\0" not in value, "no value")
    require(sum(map(len, checked + changed + values)) <= COMMIT_BYTES_MAX, "more than 8,388,608 bytes")
    require(len(set(checked)) == len(checked) and len(set(changed)) == len(changed), "a key twice")
    puts = {mutation["put"] for mutation in mutations if "put" in mutation}
    absent = [check["key"] for check in checks if check["version"] is None]
    require(puts.issuperset(absent), "the absence of a key is checked that is not put")


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
        except sqlite3.OperationalError as error:  # locked for too long, no space: rolled back
            answer = {"error": {"kind": "not-applied", "message": str(error)}}
        print(json.dumps({"id": number, **answer}), flush=True)


if __name__ == "__main__":
    serve(Store(), sys.argv[1])
