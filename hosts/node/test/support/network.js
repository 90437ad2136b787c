// A network for the egress cases: a resolver with prepared answers, and one listener on loopback behind every address.
// It records the lookups and the connections.

import net from 'node:net';
import { once } from 'node:events';
import { system } from '../../src/http/network.js';

/** Returns a network with a receiver behind every address. The receiver responds with this head. */
export async function respondingNetwork(head, server) {
  const close = server === 'close' ? 'Connection: close\r\n' : '';
  const requests = [];
  const network = await networkBefore(await listen(async (socket) => {
    for await (const request of requestsOf(socket)) {
      requests.push(request);
      socket.write(`${head}${close}Content-Length: 0\r\n\r\n`);
      if (server !== 'keep') {
        socket.end();
        return;
      }
    }
  }));
  network.requests = () => requests.splice(0);
  return network;
}

/** Returns a network with this listener behind every address. */
export async function networkBefore(listener) {
  const answers = new Map();
  const seen = { lookups: 0, dials: [] };
  const network = {
    // Addresses that refuse connections, and addresses that do not answer.
    refusing: [],
    silent: [],
    listener,
    /** Sets the answers to the lookups of a name. The last one is repeated. */
    answer: (name, all) => answers.set(name, all.slice()),
    /** Returns the lookups and the connections since the last call. */
    seen() {
      const recorded = { lookups: seen.lookups, dials: seen.dials };
      Object.assign(seen, { lookups: 0, dials: [] });
      return recorded;
    },
    async lookup(name) {
      seen.lookups += 1;
      const all = answers.get(name.toLowerCase().replace(/\.$/, ''));
      if (all === undefined) {
        throw new Error('no such name');
      }
      return all.length > 1 ? all.shift() : all[0];
    },
    async dial(address, port, signal) {
      seen.dials.push(socketAddress(address, port));
      if (network.silent.includes(address)) {
        await once(signal, 'abort');
        throw new Error('the attempt was aborted');
      }
      if (network.refusing.includes(address)) {
        throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      }
      return system.dial('127.0.0.1', listener.address().port, signal);
    },
    close: () => stopListening(listener),
  };
  return network;
}

/** Returns an address with its port. */
export function socketAddress(address, port) {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Returns a receiver that responds to the first request of each connection with these steps, until the client closes
 * it.
 */
export function scripted(steps) {
  return listen(async (socket) => {
    for await (const _ of requestsOf(socket)) {
      break;
    }
    for (const step of steps) {
      if (step === 'hold') {
        await once(socket, 'close');
      } else if (step.drip !== undefined) {
        while (!socket.destroyed) {
          socket.write(step.drip);
          await new Promise((resolve) => { setTimeout(resolve, step.everyMs); });
        }
      } else {
        socket.write(bytesOf(step));
      }
    }
    socket.end();
  });
}

function bytesOf(step) {
  if (step.text !== undefined) {
    return Buffer.from(step.text);
  }
  return step.base64 !== undefined ? Buffer.from(step.base64, 'base64') : Buffer.from(step.repeat.repeat(step.times));
}

const sockets = new WeakMap();

/** Listens on loopback. `serve` gets each connection. */
export async function listen(serve) {
  const listener = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.get(listener).add(socket);
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => sockets.get(listener).delete(socket));
    serve(socket).catch(() => socket.destroy());
  });
  sockets.set(listener, new Set());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return listener;
}

/** Closes a listener and its connections. */
export function stopListening(listener) {
  for (const socket of sockets.get(listener)) {
    socket.destroy();
  }
  listener.close();
}

/** Yields the head of each request. It reads the body by its content length. The socket stays open. */
export async function* requestsOf(socket) {
  let bytes = Buffer.alloc(0);
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, piece]);
    // The first byte of a TLS handshake.
    if (bytes[0] === 0x16) {
      socket.destroy();
      return;
    }
    for (let end = bytes.indexOf('\r\n\r\n'); end >= 0; end = bytes.indexOf('\r\n\r\n')) {
      const head = bytes.toString('utf8', 0, end + 4);
      const length = Number(/content-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
      if (bytes.length < end + 4 + length) {
        break;
      }
      bytes = bytes.subarray(end + 4 + length);
      yield head;
    }
  }
}
