// What is kept of a response's body: decompressed, cut, made text.

import zlib from 'node:zlib';
import { COMPRESSED_OVERHEAD_BYTES } from '../limits.js';

/**
 * Collects a body up to a limit that counts decompressed bytes. `push` answers whether there is room for more; `finish`
 * answers the text, and whether there was more than the limit lets in.
 */
export function collector(encoding, bytesMax) {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return new Compressed(bytesMax, () => zlib.createGunzip());
    case 'deflate':
      // `deflate` means the zlib format, and in practice often its bare content; the first byte tells: the low half of
      // zlib's is its method, 8, and no deflate stream begins with a block of that form.
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

  overflow() {
    this.#overflowed = true;
  }

  finish() {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    return text(bytes, this.#bytesMax, this.#overflowed);
  }
}

class Compressed {
  #kept;
  #bytes = 0;
  #bytesMax;
  #make;
  #decoder = null;
  #done = Promise.resolve();

  constructor(bytesMax, make) {
    this.#kept = new Plain(bytesMax);
    this.#bytesMax = bytesMax;
    this.#make = make;
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
      // Too much even if the rest should decompress to nothing; what has come is decoded all the same.
      this.#done = this.#done.then(() => this.#kept.overflow());
      return false;
    }
    return true;
  }

  #start(first) {
    const decoder = this.#make(first);
    this.#decoder = decoder;
    this.#done = new Promise((resolve) => {
      decoder.on('data', (piece) => {
        if (!this.#kept.push(piece)) {
          decoder.destroy();
        }
      });
      decoder.on('error', () => this.#kept.overflow());
      decoder.on('close', resolve);
    });
  }

  async finish() {
    // What has come may end in the middle: a flush brings out everything that it holds.
    this.#decoder?.flush(zlib.constants.Z_SYNC_FLUSH, () => this.#decoder.destroy());
    await this.#done;
    return this.#kept.finish();
  }
}

function text(bytes, bytesMax, overflowed) {
  const whole = overflowed ? bytes.subarray(0, endOfWhole(bytes)) : bytes;
  const decoded = whole.toString('utf8');
  if (decoded.length * 3 <= bytesMax || Buffer.byteLength(decoded) <= bytesMax) {
    return { body: decoded, truncated: overflowed };
  }
  // A replaced byte takes three, so the limit is applied once more.
  const again = Buffer.from(decoded);
  let end = bytesMax;
  while (end > 0 && (again[end] & 0xc0) === 0x80) {
    end -= 1;
  }
  return { body: again.toString('utf8', 0, end), truncated: true };
}

// Where a character that the cut has split begins; the end if there is none.
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
