// The receivers' side: whether a request that came bears a signature that holds, by the code that made it.

import { compile, instantiate } from './component.js';
import { errorOf, InvalidError, TrapError } from './errors.js';
import { json, optionalWhole, refuse, requireTexts } from './input.js';
import { systemWorld } from './instance.js';

const nowhere = () => {
  throw new Error('a look at a signature touches neither storage nor network');
};
// Made anew after a trap, as for every other call.
let receiver = null;
let now = systemWorld.now;

/**
 * Looks at a request's signature. `request` has `method`, `headers` (as Node, `fetch` or a list of pairs has them) and
 * `body`, the very bytes or text that came. Any of the secrets will do. Answers `{ verified, kind, detail }`.
 */
export async function verify(request, secrets, profile = 'standard', { toleranceS, world } = {}) {
  const given = [secrets].flat();
  requireTexts(Object.fromEntries(given.map((secret, n) => [`secrets[${n}]`, secret])));
  optionalWhole('toleranceS', toleranceS);
  if (typeof request !== 'object' || request === null) {
    refuse('request', 'is none', 'give an object with headers and body');
  }
  const received = { method: request.method ?? 'POST', headers: listed(request.headers), body: textOf(request.body) };
  requireTexts({ method: received.method });
  const described = json('profile', profile);
  const modules = await compile();
  receiver ??= makeReceiver(modules);
  now = world?.now ?? systemWorld.now;
  try {
    const { kind, detail } = receiver.verify(described, given, received, toleranceS);
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
    storage: { get: nowhere, scan: nowhere, commit: nowhere },
    http: { submit: nowhere, wait: nowhere },
    log: { write: systemWorld.log },
    clock: {
      now: () => ({ seconds: now() / 1_000_000n, nanoseconds: 0 }),
      resolution: () => ({ seconds: 1n, nanoseconds: 0 }),
    },
    random: { getRandomBytes: nowhere, getRandomU64: nowhere },
  }, { synchronously: true }).receiver;
}

function listed(headers) {
  if (typeof headers !== 'object' || headers === null) {
    refuse('headers', 'is none', 'give the headers that came: of Node, of `fetch`, or a list of pairs');
  }
  const pairs = typeof headers[Symbol.iterator] === 'function' ? [...headers] : Object.entries(headers);
  return pairs.flatMap(([name, value]) => [value ?? []].flat().map((one) => ({ name, value: String(one) })));
}

function textOf(body) {
  if (typeof body === 'string') {
    return body;
  }
  if (!(body instanceof Uint8Array)) {
    const hint = 'keep the raw body: in Express, `express.raw({ type: () => true })`';
    const message = 'the body is neither text nor bytes; one that was parsed and written again is another one';
    throw new InvalidError({ kind: 'invalid', field: 'body', message, hint });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new InvalidError({ kind: 'invalid', field: 'body', message: 'the body is not UTF-8' });
  }
}
