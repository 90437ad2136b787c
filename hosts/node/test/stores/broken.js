// A store that counts its versions for each key, from one again after a delete, and looks at no check.

import { memoryStorage } from '../../src/storage/memory.js';

export const durable = false;

export default () => {
  const store = memoryStorage();
  const versions = new Map();
  const shown = (row) => row && { ...row, version: versions.get(row.key) };
  return {
    get: (keys) => store.get(keys).map(shown),
    scan: (...args) => store.scan(...args).map(shown),
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
