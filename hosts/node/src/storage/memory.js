// Rows in memory, for tests and fakes: they die with the process. It keeps the whole contract all the same.

import { keyOf, validateCommit, validateGet, validateScan } from '../contract.js';
import { conflict } from '../errors.js';

/** A store in memory. */
export function memoryStorage() {
  return new MemoryStorage();
}

class MemoryStorage {
  #rows = new Map();
  // Keys in order; made anew when a key came or went since the last scan.
  #sorted = [];
  #version = 0n;

  get(keys) {
    validateGet(keys);
    return keys.map((key) => this.#rows.get(key));
  }

  scan(range, limit, order) {
    validateScan(range, limit);
    this.#sorted ??= [...this.#rows.keys()].sort();
    const inside = this.#sorted.slice(firstFrom(this.#sorted, range.start), firstFrom(this.#sorted, range.end));
    const keys = order === 'reverse' ? inside.slice(-limit).reverse() : inside.slice(0, limit);
    return keys.map((key) => this.#rows.get(key));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    const failed = checks.flatMap(({ key, version }, index) =>
      this.#rows.get(key)?.version === (version ?? undefined) ? [] : [index]);
    if (failed.length > 0) {
      throw conflict(failed);
    }
    const versions = [];
    for (const mutation of mutations) {
      const key = keyOf(mutation);
      if (mutation.tag === 'delete') {
        this.#sorted = this.#rows.delete(key) ? null : this.#sorted;
        continue;
      }
      this.#version += 1n;
      this.#sorted = this.#rows.has(key) ? this.#sorted : null;
      this.#rows.set(key, { key, value: mutation.val.value, version: this.#version });
      versions.push(this.#version);
    }
    return versions;
  }
}

// Where the first key that is not before the bound stands. Keys are ASCII, so code units are bytes.
function firstFrom(sorted, bound) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < bound) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
