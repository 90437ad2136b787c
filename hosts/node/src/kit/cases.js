// The cases of the storage contract. They have the names and the contents of the Rust kit's cases (`storage-check/`); a
// test compares the names. A case uses the contract's calls only.

import { crash, others, reopened, versionsAfterReopening } from './cases/ending.js';
import {
  counter, distinctVersions, inserts, oppositeOrders, seenByOthers, snapshots, unchangedRows,
} from './cases/racing.js';
import { empty, get, halfOpen, largestValue, limits, order, values } from './cases/reading.js';
import { refusedCommits, refusedReads } from './cases/refusing.js';
import {
  absence, checkAlone, conflict, conflictIndexes, deleteMissing, everyCheck, largestCommit, neverReused, unknownVersions,
  versions,
} from './cases/writing.js';

const one = (name, run) => ({ name, durable: false, run: async (subject) => run(await subject.connect()) });
const several = (name, run) => ({ name, durable: false, run });
const ending = (name, run) => ({ name, durable: true, run });

/** Every case, simple ones first. */
export const CASES = [
  one('an empty store has no rows', empty),
  one('entries come in the order of their bytes', order),
  one('a range is half-open', halfOpen),
  one('a scan ends at its limit', limits),
  one('get returns rows in the order of its keys', get),
  one('values are read as they were written', values),
  one('a value of the largest size is read whole', largestValue),
  one('reads that break a rule are refused', refusedReads),
  one('a put returns the version that is read afterwards', versions),
  one('a version is never reused', neverReused),
  one('a failed check is named and nothing is applied', conflict),
  one('only failed checks are named', conflictIndexes),
  one('absence is checked', absence),
  one('each of several checks can fail a commit', everyCheck),
  one('a check alone changes nothing', checkAlone),
  one('a check of a version that never existed fails', unknownVersions),
  one('deleting an absent row is no error', deleteMissing),
  one('the largest commit fits', largestCommit),
  one('commits that break a rule are refused and nothing is applied', refusedCommits),
  several('one connection reads the rows that another wrote', seenByOthers),
  several('a counter incremented under a check loses nothing', counter),
  several('one of several inserts of a key succeeds', inserts),
  several('a check guards a row that the commit does not change', unchangedRows),
  several('rows written together are read together', snapshots),
  several('commits in opposite orders do not deadlock', oppositeOrders),
  several('no two puts get the same version', distinctVersions),
  ending('rows are kept after reopening', reopened),
  ending('no version is reused after reopening', versionsAfterReopening),
  ending('a crash neither loses nor splits a commit', crash),
  ending('other connections go on after a crash', others),
];
