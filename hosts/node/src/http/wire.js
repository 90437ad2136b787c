// A connection as undici reads it. It drops interim responses, of which undici takes `100 Continue` for a broken
// connection, and says what a failure means. The bytes of a response itself are never looked at.

import { Duplex } from 'node:stream';
import { RESPONSE_HEAD_BYTES_MAX } from '../support/limits.js';

// The beginning of an interim response. 101 is none: it ends HTTP.
const INTERIM = /^HTTP\/1\.[0-9] 1(?!01)[0-9]{2}$/;
const INTERIM_LENGTH = 'HTTP/1.1 100'.length;
// The beginning of INTERIM, of any length.
const MAY_BECOME_INTERIM = /^H?T?T?P?\/?1?\.?[0-9]? ?1?[0-9]{0,2}$/;

/** A connection over a socket. `explain` returns the error that is reported for an error of the socket. */
export class Wire extends Duplex {
  #socket;
  #interim = new InterimFilter();

  /** @param {import('node:net').Socket} socket */
  constructor(socket, explain = (error) => error) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on('data', (piece) => this.#take(piece));
    socket.on('end', () => this.#takeEnd());
    socket.on('error', (error) => this.destroy(explain(error, this.#hasResponse)));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  #hasResponse = false;

  #take(piece) {
    this.#hasResponse = true;
    const rest = this.#interim.take(piece);
    if (rest.length > 0 && !this.push(rest)) {
      this.#socket.pause();
    }
  }

  #takeEnd() {
    const rest = this.#interim.takeEnd();
    if (rest.length > 0) {
      this.push(rest);
    }
    this.push(null);
  }

  /** Lets the process wait for the connection. */
  ref() {
    this.#socket.ref();
    return this;
  }

  /** Lets the process end before the connection does. */
  unref() {
    this.#socket.unref();
    return this;
  }

  _read() {
    this.#socket.resume();
  }

  // undici writes a request at once, and the next one only after the response.
  _writev(pieces, done) {
    this.#interim.begin();
    this.#socket.cork();
    pieces.forEach(({ chunk }, index) => this.#socket.write(chunk, index === pieces.length - 1 ? done : undefined));
    this.#socket.uncork();
  }

  _final(done) {
    this.#socket.end(done);
  }

  _destroy(error, done) {
    this.#socket.destroy();
    done(error);
  }
}

/** Drops the interim responses before a response. It sees nothing of the response but its first bytes. */
class InterimFilter {
  #isBeforeResponse = false;
  #held = Buffer.alloc(0);

  /** A request is sent: what follows is its response. */
  begin() {
    this.#isBeforeResponse = true;
  }

  /** Returns the bytes of a piece that belong to no interim response. */
  take(piece) {
    if (!this.#isBeforeResponse) {
      return piece;
    }
    let bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    for (;;) {
      const start = bytes.subarray(0, INTERIM_LENGTH).latin1Slice();
      const isInterim = INTERIM.test(start);
      const end = isInterim ? endOfHead(bytes) : -1;
      if (end >= 0) {
        bytes = bytes.subarray(end);
      } else if ((isInterim && bytes.length < RESPONSE_HEAD_BYTES_MAX) || isCut(start)) {
        this.#held = bytes;
        return Buffer.alloc(0);
      } else {
        this.#isBeforeResponse = false;
        this.#held = Buffer.alloc(0);
        return bytes;
      }
    }
  }

  /** Returns the bytes that were held back. */
  takeEnd() {
    return this.#held;
  }
}

function isCut(start) {
  return start.length < INTERIM_LENGTH && 'HTTP/1.'.startsWith(start.slice(0, 7)) && MAY_BECOME_INTERIM.test(start);
}

// Returns the position after the empty line, or -1.
function endOfHead(bytes) {
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', end + 1)) {
    if (bytes[end + 1] === 0x0a) {
      return end + 2;
    }
    if (bytes[end + 1] === 0x0d && bytes[end + 2] === 0x0a) {
      return end + 3;
    }
  }
  return -1;
}
