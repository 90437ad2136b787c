// The part of a response's body that is kept: decompressed, cut to the limit, and converted to text.

import zlib from 'node:zlib';
import { COMPRESSED_OVERHEAD_BYTES } from '../support/limits.js';

/** The encodings that a collector decompresses, as the value of `Accept-Encoding`. */
export const READABLE_ENCODINGS = 'gzip, deflate';

/**
 * Returns a collector for a body with this content encoding. The limit counts decompressed bytes. `push` returns true
 * if there is room for more. `finish` returns `{ body, truncated }`, or a promise of it.
 */
export function collector(encoding, bytesMax) {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return new Compressed(bytesMax, () => zlib.createGunzip());
    case 'deflate':
      // `deflate` means the zlib format, but many servers send raw deflate data. The first byte tells them apart: the
      // low half of zlib's is its method, 8, and no deflate stream begins with such a block.
      return new Compressed(bytesMax, (first) => ((first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()));
    default:
      return new Plain(bytesMax);
  }
}

class Plain {
  #pieces = [];
  #bytes = 0;
  #bytesMax;
  #overflowed = false;

  constructor(bytesMax) {
    this.#bytesMax = bytesMax;
  }

  push(piece) {
    const room = this.#bytesMax - this.#bytes;
    this.#pieces.push(piece.length > room ? piece.subarray(0, room) : piece);
    this.#bytes += Math.min(piece.length, room);
    this.#overflowed ||= piece.length > room;
    return !this.#overflowed;
  }

  /** Marks the body as truncated. */
  overflow() {
    this.#overflowed = true;
  }

  finish() {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    return asText(bytes, this.#bytesMax, this.#overflowed);
  }
}

class Compressed {
  #content;
  #bytes = 0;
  #bytesMax;
  #makeDecoder;
  #decoder = null;
  #decoded = Promise.resolve();

  constructor(bytesMax, makeDecoder) {
    this.#content = new Plain(bytesMax);
    this.#bytesMax = bytesMax;
    this.#makeDecoder = makeDecoder;
  }

  push(piece) {
    if (piece.length === 0) {
      return true;
    }
    if (this.#decoder === null) {
      this.#start(piece[0]);
    }
    this.#bytes += piece.length;
    if (this.#decoder.destroyed) {
      return false;
    }
    this.#decoder.write(piece);
    if (this.#bytes > this.#bytesMax + COMPRESSED_OVERHEAD_BYTES) {
      // The body is too large even if the rest decompresses to nothing. The bytes so far are decoded nevertheless.
      this.#decoded = this.#decoded.then(() => this.#content.overflow());
      return false;
    }
    return true;
  }

  #start(first) {
    const decoder = this.#makeDecoder(first);
    this.#decoder = decoder;
    this.#decoded = new Promise((resolve) => {
      decoder.on('data', (piece) => {
        if (!this.#content.push(piece)) {
          decoder.destroy();
        }
      });
      decoder.on('error', () => this.#content.overflow());
      decoder.on('close', resolve);
    });
  }

  async finish() {
    // The input may end in the middle of a block. A flush returns everything decoded so far.
    this.#decoder?.flush(zlib.constants.Z_SYNC_FLUSH, () => this.#decoder.destroy());
    await this.#decoded;
    return this.#content.finish();
  }
}

function asText(bytes, bytesMax, overflowed) {
  const whole = overflowed ? bytes.subarray(0, endOfWhole(bytes)) : bytes;
  const decoded = whole.toString('utf8');
  if (decoded.length * 3 <= bytesMax || Buffer.byteLength(decoded) <= bytesMax) {
    return { body: decoded, truncated: overflowed };
  }
  // Each invalid byte became U+FFFD, which has three bytes, so the limit is applied again.
  const encoded = Buffer.from(decoded);
  let end = bytesMax;
  while (end > 0 && (encoded[end] & 0xc0) === 0x80) {
    end -= 1;
  }
  return { body: encoded.toString('utf8', 0, end), truncated: true };
}

// Returns the start of the character that the cut split, or the end of the bytes.
function endOfWhole(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) {
      continue;
    }
    const needed = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte < 0xf5 && needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
