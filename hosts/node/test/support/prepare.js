// What the tests need and npm does not bring. It is run once before them: files that install at the same time would be in
// each other's way.

import { ensurePostgres } from './postgres.js';

ensurePostgres();
