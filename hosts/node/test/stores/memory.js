import { memoryStorage } from '../../src/storage/memory.js';

export const durable = false;
export default () => memoryStorage();
