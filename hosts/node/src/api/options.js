// The options of `Hookwright.open`, read once. It converts them to the WIT's `config`; the component decides what they
// mean.

import { jsonText, list, optionalInteger, options, optionalTexts, refuse, requireTextList } from '../support/input.js';
import { WORKERS_MAX } from '../support/limits.js';

const KNOWN = [
  'storage', 'profile', 'profiles', 'sealingKey', 'sealingKeys', 'egress', 'limits', 'workers', 'world', 'client',
];
const LIMITS = ['webhooksPerTenantMax', 'disableAfterS', 'disableAfterDeliveries', 'retentionS'];
const PLAIN_HTTP = ['allowed', 'refused'];
const STORAGE_HINT = 'pass sqliteStorage(file), postgresStorage(pool), or an object with get, scan and commit';
const KEY_HINT = 'write `id:hex`, a short name and 64 hexadecimal digits; keep the key as carefully as the database';

/** Returns the component's configuration, the client's egress options, and the options of the workers. */
export function readOptions(given) {
  const { storage, client, ...open } = options(undefined, given, KNOWN);
  if (typeof storage?.get !== 'function' || typeof storage.scan !== 'function' || typeof storage.commit !== 'function') {
    refuse('storage', 'is not a store', STORAGE_HINT);
  }
  const egress = options('egress', open.egress, ['allowDestinations', 'plainHttp', 'proxy', 'ca']);
  const { plainHttp = 'allowed' } = egress;
  if (!PLAIN_HTTP.includes(plainHttp)) {
    refuse('egress.plainHttp', `is \`${plainHttp}\``, `pass ${PLAIN_HTTP.join(' or ')}`);
  }
  const { profile = 'standard' } = optionalTexts({ profile: open.profile });
  const world = options('world', open.world, ['now', 'random', 'log']);
  return {
    config: {
      ...readLimits(open.limits),
      profile,
      profiles: list('profiles', open.profiles).map((one, index) => jsonText(`profiles[${index}]`, one)),
      sealingKeys: readKeys(open),
      allowDestinations: readNetworks(egress.allowDestinations),
      plainHttp,
    },
    egress,
    workers: readWorkers(open.workers, { storage, client, world }),
    world,
    client,
  };
}

function readLimits(given) {
  const limits = options('limits', given, LIMITS);
  for (const name of LIMITS) {
    optionalInteger(`limits.${name}`, limits[name]);
  }
  return limits;
}

// A thread cannot get the caller's functions. Log lines are the exception: the thread posts them back.
function readWorkers(given, { storage, client, world }) {
  const workers = options('workers', given, ['count', 'ownThread']);
  const count = optionalInteger('workers.count', workers.count, [1, WORKERS_MAX]) ?? 1;
  const isPortable =
    storage.portable !== undefined && client === undefined && world.now === undefined && world.random === undefined;
  return { count, ownThread: isPortable && (workers.ownThread ?? true) };
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
