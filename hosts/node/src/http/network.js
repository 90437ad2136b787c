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

  /** A TCP connection to an address. The signal gives it up. */
  dial(address, port, signal) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: address, port, noDelay: true, signal });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(socket);
      });
    });
  },
};
