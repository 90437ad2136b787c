// A faulty store. It counts the versions of each key from 1, also after a delete, and ignores checks.

import { memoryStorage } from '../../src/storage/memory.js';

export const durable = false;

export default () => {
  const store = memoryStorage();
  const versions = new Map();
  const withVersion = (row) => row && { ...row, version: versions.get(row.key) };
  return {
    get: (keys) => store.get(keys).map(withVersion),
    scan: (...args) => store.scan(...args).map(withVersion),
    commit(checks, mutations) {
      store.commit([], mutations);
      return mutations.flatMap(({ tag, val }) => {
        if (tag === 'delete') {
          versions.delete(val);
          return [];
        }
        versions.set(val.key, (versions.get(val.key) ?? 0n) + 1n);
        return [versions.get(val.key)];
      });
    },
  };
};
