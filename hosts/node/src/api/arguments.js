// Arguments that several calls share.

import {
  jsonText, list, optionalInteger, options, optionalTexts, refuse, requireSignal, requireTextList, requireTexts,
  typeName,
} from '../support/input.js';
import { PAGE_ENTRIES_DEFAULT } from '../support/limits.js';

/** Returns the JSON texts of a list of events. */
export function eventTexts(events) {
  if (events == null) {
    refuse('events', 'is missing', 'pass an array of events');
  }
  return list('events', events).map((event, index) => jsonText(`events[${index}]`, event));
}

/**
 * Returns the options of a call. Throws for an unknown one, and for one of `valued` that is there without a value:
 * its absence has another meaning, which a mistake must not choose.
 */
export function callOptions(given, names, valued = []) {
  const known = options(undefined, given, names);
  const empty = valued.find((name) => name in known && known[name] == null);
  if (empty !== undefined) {
    const text = known[empty] === null ? 'null' : 'undefined';
    refuse(empty, `is there, but ${text}`, `pass a value, or leave \`${empty}\` out`);
  }
  requireSignal(known.signal);
  return known;
}

/** Returns the options of a call that accepts events. */
export function acceptOptions(given) {
  const { tenant, ...others } = callOptions(given, ['tenant', 'transaction', 'signal'], ['tenant', 'transaction']);
  return { ...others, ...optionalTexts({ tenant }) };
}

/** Returns the options of a call that accepts events inside a transaction before it returns. */
export function syncOptions(given) {
  const { tenant, transaction } = callOptions(given, ['tenant', 'transaction'], ['tenant', 'transaction']);
  if (transaction === undefined) {
    refuse('transaction', 'is missing', 'pass the connection of the open transaction, or await `onEvent`');
  }
  return { transaction, ...optionalTexts({ tenant }) };
}

/** Returns the options of an adapter for a server, of which `caller` is required. */
export function adapterOptions(given, names) {
  const known = callOptions(given, names);
  if (typeof known.caller !== 'function') {
    refuse('caller', `is ${typeName(known.caller)}`, 'pass a function that returns the caller of a request');
  }
  return known;
}

/** Returns the cursor and the limit of a page. */
export function pageOf(paging) {
  const { cursor, limit } = callOptions(paging, ['cursor', 'limit']);
  return { ...optionalTexts({ cursor }), limit: optionalInteger('limit', limit) ?? PAGE_ENTRIES_DEFAULT };
}

/** Returns a request to the management API as the component takes it. */
export function requestOf(request) {
  const { method, path, query = '', body = '' } = options('request', request, ['method', 'path', 'query', 'body']);
  requireTexts({ method, path, query, body });
  return { method, path, query, body };
}

/** Returns the caller of the management API as the component takes it. */
export function callerOf(caller) {
  const { tenant, user, permissions } = options('caller', caller, ['tenant', 'user', 'permissions']);
  requireTexts({ 'caller.tenant': tenant });
  optionalTexts({ 'caller.user': user });
  const permitted = list('caller.permissions', permissions);
  requireTextList('caller.permissions', permitted);
  return { tenant, user: user ?? undefined, permissions: permitted };
}
