// Arguments that several calls share.

import { jsonText, list, optionalInteger, optionalTexts, refuse, requireTextList, requireTexts } from '../support/input.js';
import { PAGE_ENTRIES_DEFAULT } from '../support/limits.js';

/** Returns the JSON texts of a list of events. */
export function eventTexts(events) {
  if (events == null) {
    refuse('events', 'is missing', 'pass an array of events');
  }
  return list('events', events).map((event, index) => jsonText(`events[${index}]`, event));
}

/** Returns the cursor and the limit of a page. */
export function pageOf(paging) {
  const { cursor, limit } = paging ?? {};
  return { ...optionalTexts({ cursor }), limit: optionalInteger('limit', limit) ?? PAGE_ENTRIES_DEFAULT };
}

/** Returns the caller of the management API as the component takes it. */
export function callerOf(caller) {
  const { tenant, user, permissions } = caller ?? {};
  requireTexts({ 'caller.tenant': tenant });
  optionalTexts({ 'caller.user': user });
  const permitted = list('caller.permissions', permissions);
  requireTextList('caller.permissions', permitted);
  return { tenant, user: user ?? undefined, permissions: permitted };
}
