import { sqliteStorage } from '../../src/storage/sqlite.js';

export default (file) => sqliteStorage(file);
