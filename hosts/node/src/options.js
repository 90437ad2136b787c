// The options of `open`, read once. What they mean is the component's to say; here they get the form of the WIT's `config`.

const KNOWN = new Set([
  'storage', 'profile', 'profiles', 'sealingKey', 'sealingKeys', 'egress', 'limits', 'pump', 'world', 'client',
]);

/** What an instance is told, how requests travel, and how the pump works. */
export function readConfig(options) {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no option \`${unknown}\`; there are ${[...KNOWN].join(', ')}`);
  }
  if (typeof options.storage?.commit !== 'function') {
    throw new TypeError('`storage` is missing: sqliteStorage(file), postgresStorage(pool), or one of your own');
  }
  const egress = options.egress ?? {};
  const keys = [options.sealingKey ?? [], options.sealingKeys ?? []].flat();
  if (keys.length === 0) {
    throw new TypeError('`sealingKey` is missing: `id:` and 64 hexadecimal digits, kept as carefully as the database');
  }
  const { workers = 1, ownThread = options.storage.portable !== undefined } = options.pump ?? {};
  return {
    config: {
      ...options.limits,
      profile: options.profile ?? 'standard',
      profiles: (options.profiles ?? []).map((profile) =>
        typeof profile === 'string' ? profile : JSON.stringify(profile)),
      sealingKeys: keys.map(readKey),
      allowDestinations: egress.allowDestinations ?? [],
      plainHttp: egress.plainHttp ?? 'allowed',
    },
    egress,
    pump: { workers, ownThread: ownThread && isPortable(options) },
    world: options.world,
    client: options.client,
  };
}

// Functions stay on the thread that they came from; log lines find their way back to it.
function isPortable({ client, world = {}, storage }) {
  return storage.portable !== undefined && client === undefined && world.now === undefined && world.random === undefined;
}

function readKey(key) {
  if (typeof key !== 'string') {
    return { id: key.id, key: key.key };
  }
  // Never quoted: it is a secret.
  const [id, hex, ...more] = key.split(':');
  if (hex === undefined || more.length > 0) {
    throw new TypeError('a sealing key is written `id:hex`: a short name and 64 hexadecimal digits');
  }
  return { id, key: hex };
}
