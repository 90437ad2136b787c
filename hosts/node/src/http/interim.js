// A workaround for undici, which treats an unexpected `100 Continue` as a broken connection, but skips every other
// interim response. A receiver's 100 becomes a 102 before undici reads it.

// The position of the last digit of the status.
const LAST_DIGIT = 'HTTP/1.1 10'.length;

/** Makes the socket report each 100 as a 102. Returns the socket. */
export function withoutContinue(socket) {
  const read = socket.read;
  socket.read = function readInterim(size) {
    const piece = read.call(this, size);
    for (let start = 0; piece !== null && isContinue(piece, start);) {
      piece[start + LAST_DIGIT] = '2'.charCodeAt();
      const end = piece.indexOf('\r\n\r\n', start);
      start = end < 0 ? piece.length : end + 4;
    }
    return piece;
  };
  return socket;
}

function isContinue(bytes, start) {
  const end = start + LAST_DIGIT + 1;
  return bytes[end - 1] === '0'.charCodeAt() && /^HTTP\/1\.[01] 100$/.test(bytes.latin1Slice(start, end));
}
