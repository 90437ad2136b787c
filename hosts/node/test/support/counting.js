// A receiver in a process of its own, which takes no time from the measured event loop. It gets a number, and reports
// when it has received as many requests.

import http from 'node:http';

let [count, wanted] = [0, Infinity];

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    count += 1;
    response.end('ok');
    report();
  });
});
// Longer than the pauses of a busy machine.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', (number) => {
  wanted = number;
  report();
});

function report() {
  if (count >= wanted) {
    process.send(count);
    wanted = Infinity;
  }
}
