// A receiver in a process of its own, so that it takes no time from the loop that is measured. Told a number, it tells when so
// many requests have come.

import http from 'node:http';

let [count, wanted] = [0, Infinity];

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    count += 1;
    response.end('ok');
    tell();
  });
});
// Longer than a busy machine may pause between two requests.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', (number) => {
  wanted = number;
  tell();
});

function tell() {
  if (count >= wanted) {
    process.send(count);
    wanted = Infinity;
  }
}
