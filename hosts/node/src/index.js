// The exports of the package.

import './support/runtime.js';
import { Fake } from './fake.js';
import { Hookwright } from './hookwright.js';

export { Fake, Hookwright };

// Attached here, because the class of the fake extends `Hookwright`.
Hookwright.fake = (options) => Fake.open(options);

export { memoryStorage } from './storage/memory.js';
export { POSTGRES_SCHEMA } from './storage/postgres/statements.js';
export { postgresStorage } from './storage/postgres/store.js';
export { SQLITE_SCHEMA } from './storage/sqlite/rows.js';
export { sqliteStorage } from './storage/sqlite/store.js';
export { StorageError } from './storage/errors.js';
export {
  ConflictError, ForbiddenError, HookwrightError, InternalError, InvalidError, NotFoundError, TooLargeError,
  TransactionAbortedError, TrapError, UnavailableError,
} from './support/errors.js';
export { verify } from './verify.js';
