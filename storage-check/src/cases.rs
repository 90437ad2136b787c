//! The list of cases. Those of one kind share a file.

mod reading;
mod refusing;
mod writing;

mod racing;

mod ending;

use crate::calls::Store;
use crate::failure::Done;
use crate::subject::{Durability, Subject};

/// One rule of the contract.
pub struct Case {
    /// The rule, as a sentence.
    pub name: &'static str,
    /// The durability without which the case is skipped.
    pub needs: Durability,
    /// The function that tries the rule.
    pub run: Run,
}

/// The function of a case, by the connections that it needs.
pub enum Run {
    /// One connection.
    One(fn(&Store) -> Done),
    /// Several connections, which the case makes and ends.
    Several(fn(&dyn Subject) -> Done),
}

const fn one(name: &'static str, run: fn(&Store) -> Done) -> Case {
    Case { name, needs: Durability::Memory, run: Run::One(run) }
}

const fn several(name: &'static str, needs: Durability, run: fn(&dyn Subject) -> Done) -> Case {
    Case { name, needs, run: Run::Several(run) }
}

/// Every case, simple ones first.
pub const CASES: &[Case] = &[
    one("an empty store has no rows", reading::empty),
    one("entries come in the order of their bytes", reading::order),
    one("a range is half-open", reading::half_open),
    one("a scan ends at its limit", reading::limits),
    one("get returns rows in the order of its keys", reading::get),
    one("values are read as they were written", reading::values),
    one("a value of the largest size is read whole", reading::largest),
    one("reads that break a rule are refused", refusing::reads),
    one("a put returns the version that is read afterwards", writing::versions),
    one("a version is never reused", writing::never_reused),
    one("a failed check is named and nothing is applied", writing::conflict),
    one("only failed checks are named", writing::conflict_indexes),
    one("absence is checked", writing::absence),
    one("each of several checks can fail a commit", writing::every_check),
    one("a check alone changes nothing", writing::check_alone),
    one("a check of a version that never existed fails", writing::unknown_versions),
    one("deleting an absent row is no error", writing::delete_missing),
    one("the largest commit fits", writing::largest),
    one("commits that break a rule are refused and nothing is applied", refusing::commits),
    several("one connection reads the rows that another wrote", Durability::Memory, racing::seen_by_others),
    several("a counter incremented under a check loses nothing", Durability::Memory, racing::counter),
    several("one of several inserts of a key succeeds", Durability::Memory, racing::inserts),
    several("a check guards a row that the commit does not change", Durability::Memory, racing::unchanged_rows),
    several("rows written together are read together", Durability::Memory, racing::snapshots),
    several("commits in opposite orders do not deadlock", Durability::Memory, racing::opposite_orders),
    several("no two puts get the same version", Durability::Memory, racing::distinct_versions),
    several("rows are kept after reopening", Durability::Reopens, ending::reopened),
    several("no version is reused after reopening", Durability::Reopens, ending::versions),
    several("a crash neither loses nor splits a commit", Durability::Crashes, ending::crash),
    several("other connections go on after a crash", Durability::Crashes, ending::others),
];
