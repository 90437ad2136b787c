// The values that a platform may not pass as `transaction`, each refused in words that name the mistake. The stores
// decide the rest.

import { refuse, typeName } from '../support/input.js';

const CLIENT_HINT = 'pass the client that began the transaction';
const MANAGER_HINT = 'pass the entity manager or the query runner of the transaction';

/** Throws if the value cannot be the connection of one open transaction. */
export function requireConnection(transaction) {
  if (transaction === null || !['object', 'function'].includes(typeof transaction)) {
    refuse('transaction', `is ${typeName(transaction)}`, CLIENT_HINT);
  }
  if (typeof transaction.connect === 'function' && 'totalCount' in transaction) {
    refuse('transaction', 'is a pool, whose queries run on several connections', CLIENT_HINT);
  }
  if (typeof transaction.createQueryRunner === 'function') {
    refuse('transaction', 'is a data source, whose queries run on several connections', MANAGER_HINT);
  }
  if (typeof transaction.getRepository === 'function' && transaction.queryRunner === undefined) {
    refuse('transaction', 'is an entity manager outside a transaction', MANAGER_HINT);
  }
}

/** Throws the refusal of a connection with no open transaction. */
export function refuseNoTransaction(hint) {
  refuse('transaction', 'is a connection with no open transaction', hint);
}

/** Throws the refusal of a connection to a database that is not the store's. */
export function refuseOtherDatabase(theirs, ours) {
  refuse('transaction', `is a connection to ${theirs}, but the store is in ${ours}`,
    'pass a connection to the database of the store; an event in another database would never be delivered');
}
