// The SQLite store, for the storage kit.

import { sqliteStorage } from '../../src/storage/sqlite/store.js';

export default (file) => sqliteStorage(file);
