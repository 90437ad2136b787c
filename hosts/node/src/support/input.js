// Type checks of the caller's input, at the edge. The component decides what a text means. The check that it is a text
// belongs here, because the generated code converts other values silently, or traps.

import { InvalidError } from './errors.js';
import { U32_MAX } from './limits.js';

/** Throws an `InvalidError`. */
export function refuse(field, message, hint) {
  throw new InvalidError({ kind: 'invalid', field, message, hint });
}

/** Throws if a member is not a string: `requireTexts({ tenant, webhookId })`. */
export function requireTexts(members) {
  for (const [field, value] of Object.entries(members)) {
    if (typeof value !== 'string') {
      // The message never quotes the value, because it may be a secret.
      refuse(field, `is ${typeName(value)}`, 'pass a string');
    }
  }
}

/** Returns the members that are present. Throws if one of them is not a string. `null` counts as absent. */
export function optionalTexts(members) {
  const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));
  requireTexts(given);
  return given;
}

/** Throws if an element of an array is not a string. */
export function requireTextList(field, elements) {
  requireTexts(Object.fromEntries(elements.map((element, index) => [`${field}[${index}]`, element])));
}

/** Returns an integer within the bounds, or undefined. Throws for every other value. */
export function optionalInteger(field, value, [min, max] = [0, U32_MAX]) {
  if (value != null && !(Number.isInteger(value) && value >= min && value <= max)) {
    const given = typeof value === 'number' ? `\`${value}\`` : typeName(value);
    refuse(field, `is ${given}`, `pass an integer from ${min} to ${max}`);
  }
  return value ?? undefined;
}

/** Returns the JSON text of a value. A string is JSON text already: its numbers and its key order are kept. */
export function jsonText(field, value) {
  if (typeof value === 'string') {
    return value;
  }
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    const reason = error.message.split('\n', 1)[0];
    refuse(field, `cannot be written as JSON: ${reason}`, 'pass an object of plain values, or JSON text');
  }
  return text ?? refuse(field, `is ${typeName(value)}`, 'pass an object, or JSON text');
}

/** Returns an array. A missing value is an empty one. */
export function list(field, value) {
  if (value != null && !Array.isArray(value)) {
    refuse(field, `is ${typeName(value)}`, 'pass an array');
  }
  return value ?? [];
}

/**
 * Returns an object whose members are all known. A missing value is an empty one. `field` is undefined for the
 * outermost object.
 */
export function options(field, value, names) {
  if (value != null && (typeof value !== 'object' || Array.isArray(value))) {
    refuse(field, `is ${typeName(value)}`, 'pass an object');
  }
  const unknown = Object.keys(value ?? {}).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    refuse(field === undefined ? unknown : `${field}.${unknown}`, 'is not an option', `the options are ${names.join(', ')}`);
  }
  return value ?? {};
}

/** Throws unless a signal is absent or the signal of an `AbortController`. */
export function requireSignal(signal) {
  if (signal != null && !(typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function')) {
    refuse('signal', `is ${typeName(signal)}`, 'pass the `signal` of an AbortController');
  }
}

/** Returns the name of a value's type, with its article. */
export function typeName(value) {
  if (value == null) {
    return value === null ? 'null' : 'missing';
  }
  return Array.isArray(value) ? 'an array' : `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`;
}
