// The options of `open`, read once. What they mean is the component's to say; here they get the form of the WIT's `config`.

import { json, list, optionalTexts, optionalWhole, options, refuse } from './input.js';
import { PUMP_WORKERS_MAX } from './limits.js';

const KNOWN = [
  'storage', 'profile', 'profiles', 'sealingKey', 'sealingKeys', 'egress', 'limits', 'pump', 'world', 'client',
];
const LIMITS = ['webhooksPerTenantMax', 'disableAfterS', 'disableAfterDeliveries', 'retentionS'];
const PLAIN_HTTP = ['allowed', 'refused'];
const KEY_HINT = 'write `id:hex`, a short name and 64 hexadecimal digits; keep it as carefully as the database';

/** What an instance is told, how requests travel, and how the pump works. */
export function readConfig(given) {
  const { storage, client, ...open } = options(undefined, given, KNOWN);
  if (typeof storage?.get !== 'function' || typeof storage.scan !== 'function' || typeof storage.commit !== 'function') {
    refuse('storage', 'is no store', 'give sqliteStorage(file), postgresStorage(pool), or one of your own with get, scan and commit');
  }
  const egress = options('egress', open.egress, ['allowDestinations', 'plainHttp', 'proxy', 'ca']);
  const { plainHttp = 'allowed' } = egress;
  if (!PLAIN_HTTP.includes(plainHttp)) {
    refuse('egress.plainHttp', `\`${plainHttp}\` is none of its values`, PLAIN_HTTP.join(' or '));
  }
  const limits = options('limits', open.limits, LIMITS);
  for (const name of LIMITS) {
    optionalWhole(`limits.${name}`, limits[name]);
  }
  const { profile = 'standard' } = optionalTexts({ profile: open.profile });
  const world = options('world', open.world, ['now', 'random', 'log']);
  return {
    config: {
      ...limits,
      profile,
      profiles: list('profiles', open.profiles).map((one, n) => json(`profiles[${n}]`, one)),
      sealingKeys: readKeys(open),
      allowDestinations: readNetworks(egress.allowDestinations),
      plainHttp,
    },
    egress,
    pump: readPump(open.pump, { storage, client, world }),
    world,
    client,
  };
}

// Functions stay on the thread that they came from; log lines find their way back to it.
function readPump(given, { storage, client, world }) {
  const pump = options('pump', given, ['workers', 'ownThread']);
  const workers = optionalWhole('pump.workers', pump.workers, [1, PUMP_WORKERS_MAX]) ?? 1;
  const isPortable =
    storage.portable !== undefined && client === undefined && world.now === undefined && world.random === undefined;
  return { workers, ownThread: isPortable && (pump.ownThread ?? true) };
}

function readNetworks(given) {
  const networks = list('egress.allowDestinations', given);
  optionalTexts(Object.fromEntries(networks.map((network, n) => [`egress.allowDestinations[${n}]`, network])));
  return networks;
}

function readKeys({ sealingKey, sealingKeys }) {
  const keys = [...(sealingKey == null ? [] : [['sealingKey', sealingKey]]),
    ...list('sealingKeys', sealingKeys).map((key, n) => [`sealingKeys[${n}]`, key])];
  if (keys.length === 0) {
    refuse('sealingKey', 'is missing', KEY_HINT);
  }
  return keys.map(([field, key]) => {
    const [id, hex, ...more] = typeof key === 'string' ? key.split(':') : [key?.id, key?.key];
    if (typeof id !== 'string' || typeof hex !== 'string' || more.length > 0) {
      // Never quoted: it is a secret.
      refuse(field, 'is no sealing key', KEY_HINT);
    }
    return { id, key: hex };
  });
}
