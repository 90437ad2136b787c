// The memory store, for the storage kit.

import { memoryStorage } from '../../src/storage/memory.js';

export const durable = false;
export default () => memoryStorage();
