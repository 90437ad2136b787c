// What lies below the egress check: looking names up, and connecting to addresses that were permitted. Tests put their
// own below the client.

import dns from 'node:dns';
import net from 'node:net';

/** The system's resolver and its sockets. */
export const system = {
  /** The addresses of a name. */
  async lookup(name) {
    const found = await dns.promises.lookup(name, { all: true });
    return found.map(({ address }) => address);
  },

  /** A TCP connection to an address. The signal gives up the attempt, and has no part in what became a connection. */
  dial(address, port, signal) {
    return new Promise((resolve, reject) => {
      const late = () => new Error('nothing answered in time');
      if (signal?.aborted) {
        reject(late());
        return;
      }
      // The signal is none of the socket's own options: there it would end the connection as well.
      const socket = net.connect({ host: address, port, noDelay: true });
      const onAbort = () => socket.destroy(late());
      const settled = () => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.once('error', reject);
      socket.once('close', settled);
      socket.once('connect', () => {
        settled();
        socket.off('error', reject);
        resolve(socket);
      });
    });
  },
};
