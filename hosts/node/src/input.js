// What callers hand over, looked at once at the edge. What a text means is the component's to judge; that it is one is judged
// here, because a caller's mistake is no trap of the component's, and JavaScript would make a number of anything.

import { InvalidError } from './errors.js';

const U32_MAX = 4_294_967_295;

/** Refuses an input. */
export function refuse(field, message, hint) {
  throw new InvalidError({ kind: 'invalid', field, message, hint });
}

/** Refuses members that are no texts: `requireTexts({ tenant, webhookId })`. */
export function requireTexts(members) {
  for (const [field, value] of Object.entries(members)) {
    if (typeof value !== 'string') {
      // Never quoted: it may be a secret.
      refuse(field, `is ${nameOf(value)}`, 'give a text');
    }
  }
}

/** The members that are there, of which none may be anything but a text. `null` is as good as nothing. */
export function optionalTexts(members) {
  const given = Object.entries(members).filter(([, value]) => value != null);
  requireTexts(Object.fromEntries(given));
  return Object.fromEntries(given);
}

/** A whole number that the WIT's `u32` holds, or nothing. */
export function optionalWhole(field, value, [min, max] = [0, U32_MAX]) {
  if (value != null && !(Number.isInteger(value) && value >= min && value <= max)) {
    const given = typeof value === 'number' ? `\`${value}\`` : nameOf(value);
    refuse(field, `is ${given}`, `give a whole number from ${min} to ${max}`);
  }
  return value ?? undefined;
}

/** JSON text of a value, or the text that it is already: numbers and the order of keys are then kept as they stand. */
export function json(field, value) {
  if (typeof value === 'string') {
    return value;
  }
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    refuse(field, `cannot be written as JSON: ${error.message.split('\n', 1)[0]}`, 'give an object of plain values, or JSON text');
  }
  return text ?? refuse(field, `is ${nameOf(value)}`, 'give an object, or JSON text');
}

/** A list, or nothing, which is an empty one. */
export function list(field, value) {
  if (value != null && !Array.isArray(value)) {
    refuse(field, `is ${nameOf(value)}`, 'give an array');
  }
  return value ?? [];
}

/** An object of which every member is known, or nothing, which is an empty one. */
export function options(field, value, names) {
  if (value != null && (typeof value !== 'object' || Array.isArray(value))) {
    refuse(field, `is ${nameOf(value)}`, 'give an object');
  }
  const unknown = Object.keys(value ?? {}).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    refuse(field === undefined ? unknown : `${field}.${unknown}`, 'is no option', `there are ${names.join(', ')}`);
  }
  return value ?? {};
}

function nameOf(value) {
  if (value == null) {
    return value === null ? 'null' : 'missing';
  }
  return Array.isArray(value) ? 'an array' : `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`;
}
