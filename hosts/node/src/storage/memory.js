// The memory store, for tests and fakes. Its rows are lost when the process exits. It follows the whole storage
// contract.

import { keyOf, requireChecks, validateCommit, validateGet, validateScan } from './contract.js';

/** Returns an empty store in memory. */
export function memoryStorage() {
  return new MemoryStorage();
}

class MemoryStorage {
  #rows = new Map();
  // The keys in order. Null if a key was added or removed since the last scan.
  #sortedKeys = null;
  #lastVersion = 0n;

  get(keys) {
    validateGet(keys);
    return keys.map((key) => this.#rows.get(key));
  }

  scan(range, limit, order) {
    validateScan(range, limit);
    this.#sortedKeys ??= [...this.#rows.keys()].sort();
    const sorted = this.#sortedKeys;
    const inside = sorted.slice(lowerBound(sorted, range.start), lowerBound(sorted, range.end));
    const keys = order === 'reverse' ? inside.slice(-limit).reverse() : inside.slice(0, limit);
    return keys.map((key) => this.#rows.get(key));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    requireChecks(checks, (key) => this.#rows.get(key)?.version);
    return mutations.flatMap((mutation) => {
      const key = keyOf(mutation);
      if (mutation.tag === 'delete') {
        this.#sortedKeys = this.#rows.delete(key) ? null : this.#sortedKeys;
        return [];
      }
      this.#sortedKeys = this.#rows.has(key) ? this.#sortedKeys : null;
      this.#lastVersion += 1n;
      this.#rows.set(key, { key, value: mutation.val.value, version: this.#lastVersion });
      return [this.#lastVersion];
    });
  }
}

// Returns the index of the first key that is not before the bound. Keys are ASCII, so the order of code units is that
// of bytes.
function lowerBound(sorted, bound) {
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
