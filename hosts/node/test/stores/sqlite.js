import { sqliteStorage } from '../../src/storage/sqlite/store.js';

export default (file) => sqliteStorage(file);
