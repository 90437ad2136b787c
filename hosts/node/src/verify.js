// Signature checks for receivers, by the code that makes the signatures.

import { compile, instantiate } from './component/compile.js';
import { systemWorld, wallClock } from './component/world.js';
import { errorOf, TrapError } from './support/errors.js';
import { jsonText, optionalInteger, options, refuse, requireTextList, requireTexts } from './support/input.js';

const unused = () => {
  throw new Error('a signature check uses neither storage nor network');
};
// One instance serves all checks. A trap ends it, and the next check makes another.
let receiver = null;
let now = systemWorld.now;

/** Checks a request's signature against one or several secrets. Returns `{ verified, kind, detail }`. */
export async function verify(request, secrets, profile = 'standard', more = {}) {
  const { toleranceS, world } = options(undefined, more, ['toleranceS', 'world']);
  const given = [secrets].flat();
  requireTextList('secrets', given);
  optionalInteger('toleranceS', toleranceS);
  if (typeof request !== 'object' || request === null) {
    refuse('request', 'is missing', 'pass an object with headers and body');
  }
  const received = { method: request.method ?? 'POST', headers: headersOf(request.headers), body: textOf(request.body) };
  requireTexts({ method: received.method });
  const profileText = jsonText('profile', profile);
  const modules = await compile();
  receiver ??= makeReceiver(modules);
  now = world?.now ?? systemWorld.now;
  try {
    const { kind, detail } = receiver.verify(profileText, given, received, toleranceS);
    return { verified: kind === 'verified', kind, detail };
  } catch (error) {
    if (!(error instanceof Error)) {
      throw errorOf(error);
    }
    receiver = null;
    throw new TrapError(error.message, error);
  }
}

function makeReceiver(modules) {
  return instantiate(modules, {
    storage: { get: unused, scan: unused, commit: unused },
    http: { submit: unused, wait: unused },
    log: { write: systemWorld.log },
    clock: wallClock(() => now()),
    random: { getRandomBytes: unused, getRandomU64: unused },
  }, { synchronously: true }).receiver;
}

function headersOf(headers) {
  if (typeof headers !== 'object' || headers === null) {
    refuse('headers', 'are missing', 'pass the headers of Node or `fetch`, or a list of pairs');
  }
  const pairs = typeof headers[Symbol.iterator] === 'function' ? [...headers] : Object.entries(headers);
  return pairs.flatMap(([name, value]) => [value ?? []].flat().map((one) => ({ name, value: String(one) })));
}

function textOf(body) {
  if (typeof body === 'string') {
    return body;
  }
  if (!(body instanceof Uint8Array)) {
    // A parsed body that is written again may differ from the signed one.
    refuse('body', 'is neither text nor bytes', 'keep the raw body; in Express: `express.raw({ type: () => true })`');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return refuse('body', 'is not UTF-8', 'pass the bytes as they were received, decompressed');
  }
}
