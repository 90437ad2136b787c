// The order of the calls on one connection of a platform. They wait for each other, because a rollback to a savepoint
// undoes everything since.

// The last call on each connection, by the connection's name.
const lastCalls = new Map();

/** Runs a call after the earlier ones with the same name. */
export async function inTurn(name, run) {
  const before = lastCalls.get(name);
  const running = (async () => {
    await before;
    return run();
  })();
  const ended = running.then(() => {}, () => {});
  lastCalls.set(name, ended);
  try {
    return await running;
  } finally {
    if (lastCalls.get(name) === ended) {
      lastCalls.delete(name);
    }
  }
}
