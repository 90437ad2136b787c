// The system's resolver and its sockets, below the egress check. Tests pass the client a network of their own.

import dns from 'node:dns';
import net from 'node:net';

/** The system's network. */
export const system = {
  /** Returns the addresses of a name. */
  async lookup(name) {
    const found = await dns.promises.lookup(name, { all: true });
    return found.map(({ address }) => address);
  },

  /**
   * Returns a TCP connection to an address. The signal aborts the attempt to connect, not the connection. Without
   * `keepsAlive`, a process with nothing else to do does not wait for the connection.
   */
  dial(address, port, signal, { keepsAlive = true } = {}) {
    return new Promise((resolve, reject) => {
      const timedOut = () => new Error('the connection was not made in time');
      if (signal?.aborted) {
        reject(timedOut());
        return;
      }
      // As an option of the socket, the signal would end the connection as well.
      const socket = net.connect({ host: address, port, noDelay: true });
      if (!keepsAlive) {
        socket.unref();
      }
      const onAbort = () => socket.destroy(timedOut());
      const removeListener = () => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.once('error', reject);
      socket.once('close', removeListener);
      socket.once('connect', () => {
        removeListener();
        socket.off('error', reject);
        resolve(socket);
      });
    });
  },
};
