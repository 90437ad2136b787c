// Lines of a byte stream.

const LINE_FEED = 10;

/**
 * Yields the lines of a stream. Only a line feed ends a line; `readline` would also split at U+2028, which a value may
 * contain.
 */
export async function* linesOf(stream) {
  let rest = [];
  for await (const piece of stream) {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      yield Buffer.concat([...rest, piece.subarray(start, end)]).toString();
      rest = [];
      start = end + 1;
    }
    rest.push(piece.subarray(start));
  }
}
