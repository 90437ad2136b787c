// The options of `Hookwright.open`, read once. It converts them to the WIT's `config`; the component decides what they
// mean.

import { errorOf, HookwrightError } from '../support/errors.js';
import {
  jsonText, list, optionalInteger, options, optionalTexts, refuse, requireTextList, typeName,
} from '../support/input.js';
import { WORKERS_MAX } from '../support/limits.js';

const KNOWN = [
  'storage', 'profile', 'profiles', 'sealingKey', 'sealingKeys', 'egress', 'limits', 'workers', 'log', 'world',
  'client', 'invalidText',
];
const LIMITS = ['webhooksPerTenantMax', 'disableAfterS', 'disableAfterDeliveries', 'retentionS'];
const LEVELS = ['error', 'warn', 'info'];
const PLAIN_HTTP = ['allowed', 'refused'];
const INVALID_TEXT = ['keep', 'replace', 'refuse'];
const STORAGE_HINT = 'pass sqliteStorage(file), postgresStorage(pool), or an object with get, scan and commit';
const KEY_HINT = 'write `id:hex`, a short name and 64 hexadecimal digits; keep the key as carefully as the database';

/**
 * Returns a refusal of the configuration, with the field under the name that the caller has used. The component knows
 * neither `limits` and `egress`, nor `sealingKey`.
 */
export function refusalAsGiven(error, given) {
  if (!(error instanceof HookwrightError) || error.field === undefined) {
    return error;
  }
  const [, name, index = '', rest] = /^(\w+)(\[\d+\])?(.*)$/.exec(error.field) ?? [];
  const { kind, reason: message, hint, cause } = error;
  const named = (field) => errorOf({ kind, field, message, hint }, cause);
  if (LIMITS.includes(name)) {
    return named(`limits.${error.field}`);
  }
  if (name === 'allowDestinations' || name === 'plainHttp') {
    return named(`egress.${error.field}`);
  }
  if (name === 'sealingKeys' && given.sealingKey != null) {
    // The single key comes before those of the list.
    const position = Number(index.slice(1, -1)) - 1;
    const isText = typeof given.sealingKey === 'string';
    return named(position < 0 ? `sealingKey${isText ? '' : rest}` : `sealingKeys[${position}]${rest}`);
  }
  return error;
}

/** Returns the component's configuration, the client's egress options, and the options of the workers. */
export function readOptions(given) {
  const { storage, client, ...open } = options(undefined, given, KNOWN);
  if (!['get', 'scan', 'commit'].every((name) => typeof storage?.[name] === 'function')) {
    refuse('storage', 'is not a store', STORAGE_HINT);
  }
  const egress = options('egress', open.egress, ['allowDestinations', 'plainHttp', 'proxy', 'ca', 'userAgent']);
  const { plainHttp = 'allowed' } = egress;
  if (!PLAIN_HTTP.includes(plainHttp)) {
    refuse('egress.plainHttp', `is \`${plainHttp}\``, `pass ${PLAIN_HTTP.join(' or ')}`);
  }
  const { invalidText = 'keep' } = open;
  if (!INVALID_TEXT.includes(invalidText)) {
    refuse('invalidText', `is \`${invalidText}\``, `pass ${INVALID_TEXT.join(', ')}`);
  }
  const { profile = 'standard' } = optionalTexts({ profile: open.profile });
  const { userAgent } = optionalTexts({ userAgent: egress.userAgent });
  const world = options('world', open.world, ['now', 'random', 'log']);
  return {
    config: {
      ...readLimits(open.limits),
      profile,
      profiles: list('profiles', open.profiles).map((one, index) => jsonText(`profiles[${index}]`, one)),
      sealingKeys: readKeys(open),
      allowDestinations: readNetworks(egress.allowDestinations),
      plainHttp,
      userAgent,
      invalidText,
    },
    egress,
    workers: readWorkers(open.workers, { storage, client, world }),
    world: { ...world, log: readLog(open.log ?? world.log) },
    client,
  };
}

// Returns a function `(level, message)`. A logger such as `console` or that of pino has a method for each level.
function readLog(given) {
  if (given == null || typeof given === 'function') {
    return given ?? undefined;
  }
  const missing = LEVELS.find((level) => typeof given[level] !== 'function');
  if (missing !== undefined) {
    const reason = typeof given === 'object' ? `has no method \`${missing}\`` : `is ${typeName(given)}`;
    refuse('log', reason, `pass a function \`(level, message)\`, or a logger with the methods ${LEVELS.join(', ')}`);
  }
  return (level, message) => given[level](message);
}

function readLimits(given) {
  const limits = options('limits', given, LIMITS);
  for (const name of LIMITS) {
    optionalInteger(`limits.${name}`, limits[name]);
  }
  return limits;
}

function readWorkers(given, parts) {
  const workers = options('workers', given, ['count', 'ownThread']);
  const count = optionalInteger('workers.count', workers.count, [1, WORKERS_MAX]) ?? 1;
  const { ownThread = true } = workers;
  if (typeof ownThread !== 'boolean') {
    refuse('workers.ownThread', `is ${typeName(ownThread)}`, 'pass true or false');
  }
  const obstacle = obstacleToThread(parts);
  if (workers.ownThread && obstacle !== undefined) {
    refuse('workers.ownThread', `is true, but ${obstacle}`, 'leave it out: these workers run on the caller\'s thread');
  }
  return { count, ownThread: ownThread && obstacle === undefined };
}

// A thread cannot get the caller's functions. Log lines are the exception: the thread posts them back.
function obstacleToThread({ storage, client, world }) {
  if (client !== undefined) {
    return 'a `client` cannot be passed to a thread';
  }
  if (world.now !== undefined || world.random !== undefined) {
    return 'the functions of `world` cannot be passed to a thread';
  }
  return storage.portable === undefined
    ? 'this store cannot be opened on another thread: it has no `portable`, or its pool has functions among its options'
    : undefined;
}

function readNetworks(given) {
  const networks = list('egress.allowDestinations', given);
  requireTextList('egress.allowDestinations', networks);
  return networks;
}

function readKeys({ sealingKey, sealingKeys }) {
  const keys = [
    ...(sealingKey == null ? [] : [['sealingKey', sealingKey]]),
    ...list('sealingKeys', sealingKeys).map((key, index) => [`sealingKeys[${index}]`, key]),
  ];
  if (keys.length === 0) {
    refuse('sealingKey', 'is missing', KEY_HINT);
  }
  return keys.map(([field, key]) => {
    const [id, hex, ...rest] = typeof key === 'string' ? key.split(':') : [key?.id, key?.key];
    if (typeof id !== 'string' || typeof hex !== 'string' || rest.length > 0) {
      // The message never quotes the key.
      refuse(field, 'is not a sealing key', KEY_HINT);
    }
    return { id, key: hex };
  });
}
