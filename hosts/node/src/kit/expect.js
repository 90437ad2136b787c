// The assertions of the cases. A failure names the rule, the expected value and the actual one.

import { inspect, isDeepStrictEqual } from 'node:util';

const SHOWN_CHARS_MAX = 400;

/** Throws: the rule does not hold. */
export function fail(rule, expected, actual) {
  throw new Error(`${rule}: expected ${shown(expected)}, got ${shown(actual)}`);
}

/** Throws unless the values are deeply equal. */
export function equal(rule, actual, expected) {
  if (!isDeepStrictEqual(actual, expected)) {
    fail(rule, expected, actual);
  }
}

/** Throws unless the condition is true. */
export function isTrue(condition, rule, expected, actual) {
  if (!condition) {
    fail(rule, expected, actual);
  }
}

function shown(value) {
  const text = typeof value === 'string' ? value : inspect(value, { breakLength: Infinity, maxStringLength: 100 });
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text;
}
