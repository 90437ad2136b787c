// Writes the largest size of a memory into a core module. A runtime of JavaScript has no option for it.

const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;
const HAS_MAX = 1;

/** Returns the module with this bound on its only memory. */
export function withMemoryMax(module, bytesMax) {
  const bytes = Buffer.from(module);
  for (let at = 8; at < bytes.length;) {
    const [size, start] = readLeb(bytes, at + 1);
    if (bytes[at] === MEMORY_SECTION) {
      const section = memorySection(bytes, start, bytesMax);
      return Buffer.concat([bytes.subarray(0, at), section, bytes.subarray(start + size)]);
    }
    at = start + size;
  }
  throw new Error('the module has no memory; adapt this script to the new version of jco');
}

function memorySection(bytes, start, bytesMax) {
  const [count, flagsAt] = readLeb(bytes, start);
  const flags = bytes[flagsAt];
  const [pagesMin] = readLeb(bytes, flagsAt + 1);
  if (count !== 1 || flags > HAS_MAX || pagesMin * PAGE_BYTES > bytesMax) {
    throw new Error(`the module has ${count} memories, the flags ${flags} and ${pagesMin} pages; adapt this script`);
  }
  const body = [...leb(1), HAS_MAX, ...leb(pagesMin), ...leb(bytesMax / PAGE_BYTES)];
  return Buffer.from([MEMORY_SECTION, ...leb(body.length), ...body]);
}

// Returns an unsigned number in the encoding LEB128, and the position after it.
function readLeb(bytes, at) {
  let [value, shift, position] = [0, 0, at];
  for (;; shift += 7) {
    const byte = bytes[position];
    position += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      return [value, position];
    }
  }
}

function leb(value) {
  const bytes = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) {
      return [...bytes, left];
    }
    bytes.push((left & 0x7f) | 0x80);
  }
}
