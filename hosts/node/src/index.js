// The package's front door.

import { Fake } from './fake.js';
import { Hookwright } from './hookwright.js';

export { Fake, Hookwright };

/** A Hookwright for a platform's own tests: it records, and sends nothing. */
Hookwright.fake = (options) => Fake.open(options);

export {
  ConflictError, ForbiddenError, HookwrightError, InternalError, InvalidError, NotFoundError, StorageError, TooLargeError,
  TransactionAbortedError, TrapError, UnavailableError,
} from './errors.js';
export { memoryStorage } from './storage/memory.js';
export { POSTGRES_SCHEMA, postgresStorage } from './storage/postgres.js';
export { SQLITE_SCHEMA } from './storage/sqlite-rows.js';
export { sqliteStorage } from './storage/sqlite.js';
export { verify } from './verify.js';
