"""Stores that break the contract, each in a way that a quick look would not show: `broken.py FAULT DATABASE`.

Each is the example of the documentation with one thing changed, so what the kit finds is that one thing.
"""

import contextlib
import importlib.util
import pathlib
import sys
import time

PATH = pathlib.Path(__file__).parents[3] / "docs/examples/storage-driver.py"
spec = importlib.util.spec_from_file_location("driver", PATH)
driver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(driver)


class ReusesVersions(driver.Store):
    """Without AUTOINCREMENT SQLite takes the highest number that is left, plus one."""

    schema = driver.SCHEMA.replace(" AUTOINCREMENT", "")


class CountsFromTheRows(driver.Store):
    """Right as long as the process lives: the counter begins again with the highest version that is left."""

    last = None

    def apply(self, mutation):
        if "delete" in mutation:
            return super().apply(mutation)
        highest = self.db.execute("SELECT coalesce(max(version), 0) FROM hookwright").fetchone()[0]
        self.last = max(self.last or 0, highest) + 1
        put = "REPLACE INTO hookwright (version, key, value) VALUES (?, ?, ?)"
        self.db.execute(put, [self.last, mutation["put"], mutation["value"]])
        return self.last

    schema = driver.SCHEMA.replace(" AUTOINCREMENT", "")


class IgnoresACheck(driver.Store):
    """The last check of several."""

    def commit(self, checks, mutations):
        driver.validate(checks, mutations)
        with unvalidated():
            return super().commit(checks[:-1] if len(checks) > 1 else checks, mutations)


@contextlib.contextmanager
def unvalidated():
    validate, driver.validate = driver.validate, lambda *_: None
    try:
        yield
    finally:
        driver.validate = validate


class SortsByLocale(driver.Store):
    """As a locale sorts: punctuation counts only where all else is equal."""

    def scan(self, start, end, limit, order):
        rows = super().scan(start, end, limit, order)
        weight = lambda row: ("".join(c for c in row["key"] if c.isalnum()), row["key"])
        return sorted(rows, key=weight, reverse=order == "reverse")


class ChecksBeforeItLocks(driver.Store):
    """Reads the versions first, and begins the transaction when they hold."""

    def commit(self, checks, mutations):
        driver.validate(checks, mutations)
        failed = [index for index, check in enumerate(checks) if self.version(check["key"]) != check["version"]]
        if failed:
            raise driver.Refused({"kind": "conflict", "failed": failed})
        time.sleep(0.001)
        return super().commit([], mutations)


class LocksOnlyWhatItChanges(driver.Store):
    """As under snapshot isolation: what is checked and not changed is as it was before the commit began."""

    before = {}

    def commit(self, checks, mutations):
        changed = {mutation.get("put", mutation.get("delete")) for mutation in mutations}
        unchanged = [check["key"] for check in checks if check["key"] not in changed]
        before = {key: self.version(key) for key in unchanged}
        if before:
            time.sleep(0.001)
        self.before = before
        try:
            return super().commit(checks, mutations)
        finally:
            self.before = {}

    def version(self, key):
        return self.before[key] if key in self.before else super().version(key)


class ReadsRowByRow(driver.Store):
    """A get that is as many snapshots as it has keys."""

    def get(self, keys):
        rows = []
        for key in keys:
            rows += super().get([key])
            if 1 < len(keys) < 10:
                time.sleep(0.001)
        return rows


class CommitsRowByRow(driver.Store):
    """A transaction for each row: a crash leaves half a commit."""

    def commit(self, checks, mutations):
        driver.validate(checks, mutations)
        with unvalidated():
            versions = super().commit(checks, mutations[:1])
            for mutation in mutations[1:]:
                if len(mutations) < 10:
                    time.sleep(0.001)
                versions += super().commit([], [mutation])
        return versions


class AnswersTooEarly(driver.Store):
    """Says that it is done, and is done a moment later: a crash in between loses what was answered."""

    def commit(self, checks, mutations):
        db, self.db = self.db, WithoutCommit(self.db)
        try:
            return super().commit(checks, mutations)
        finally:
            self.db = db

    def answered(self):
        if self.db.in_transaction:
            time.sleep(0.002)
            self.db.execute("COMMIT")


class WithoutCommit:
    """A connection on which COMMIT does nothing."""

    def __init__(self, db):
        self.db = db

    def execute(self, statement, *arguments):
        return self.db.execute("SELECT 1" if statement == "COMMIT" else statement, *arguments)


class CutsLongValues(driver.Store):
    """As a TEXT column of MySQL does in some set-ups."""

    def apply(self, mutation):
        if "put" in mutation and len(mutation["value"]) > 65_535:
            mutation = {**mutation, "value": mutation["value"][:65_535]}
        return super().apply(mutation)


class KnowsNoLimits(driver.Store):
    """Takes whatever the database takes."""

    def commit(self, checks, mutations):
        with unvalidated():
            return super().commit(checks, mutations)


class NamesWrongChecks(driver.Store):
    """Says that some check failed, and the first of them, whichever it was."""

    def commit(self, checks, mutations):
        try:
            return super().commit(checks, mutations)
        except driver.Refused as refused:
            if refused.args[0]["kind"] == "conflict":
                raise driver.Refused({"kind": "conflict", "failed": [0]})
            raise


def print_and_tell(*arguments, **options):
    print(*arguments, **options)
    getattr(store, "answered", lambda: None)()


if __name__ == "__main__":
    store = globals()[sys.argv[1]]()
    driver.print = print_and_tell
    driver.serve(store, sys.argv[2])
