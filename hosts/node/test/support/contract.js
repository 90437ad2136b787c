// The functions of `wit/webhooks.wit`, and the types of the package, as texts.

import { readFileSync } from 'node:fs';

/** The functions of the interface `webhooks`, except `configure`, in camel case. */
export const WIT_FUNCTIONS = [...read('../../../../wit/webhooks.wit').matchAll(/^  %?([a-z-]+): func\(/gm)]
  .map(([, name]) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase()))
  .filter((name) => name !== 'configure');

export const TYPES = read('../../src/index.d.ts');

/** Returns the names of an interface's members, required and optional ones. */
export function membersOf(name) {
  const [, body] = new RegExp(`^export interface ${name}(?:<T>)? \\{\n([^]*?)\n\\}$`, 'm').exec(TYPES);
  const declared = [...body.matchAll(/^  (\w+)(\??):/gm)];
  const named = (mark) => declared.filter(([, , one]) => one === mark).map(([, member]) => member);
  return { required: named(''), optional: named('?') };
}

function read(file) {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
