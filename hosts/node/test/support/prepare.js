// Installs PostgreSQL if it is missing. It runs once before the tests, because test files that install at the same time
// disturb each other.

import { ensurePostgres } from './postgres.js';

ensurePostgres();
