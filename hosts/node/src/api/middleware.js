// The management API in a platform's HTTP server: Express, NestJS on Express, plain `node:http`. The platform decides
// who calls; `webhooks.handle` does the rest.

import { requireTexts } from '../support/input.js';
import { BODY_BYTES_MAX, BODY_READ_MS_MAX } from '../support/limits.js';
import { clearTimeout, setTimeout } from '../support/timers.js';
import { adapterOptions } from './arguments.js';
import { failed, problem, respond, splitTarget, tooLarge, unauthorized } from './problem.js';

const JSON_TYPES = /^application\/([a-z.+-]+\+)?json\b/i;

/**
 * Returns `(request, response, next)`, for Express and similar servers. `caller(request)` returns `{ tenant, user?,
 * permissions? }`, or nothing for an unknown caller, who gets a 401. `log` gets errors that no `next` handles.
 */
export function middleware(webhooks, options, log) {
  const { caller, mount = '' } = adapterOptions(options, ['caller', 'mount']);
  requireTexts({ mount });
  const root = mount.replace(/\/+$/, '');
  return async function hookwright(request, response, next) {
    try {
      const [target, query] = splitTarget(request.url);
      if (target === root || target.startsWith(`${root}/`)) {
        const path = target.slice(root.length) || '/';
        const forwarded = await forward(request, { path, query }, await caller(request));
        // Express removes its own mount from the URL.
        const place = { mount: (request.baseUrl ?? '') + root, log };
        write(response, forwarded.status === undefined ? await respond(webhooks, ...forwarded, place) : forwarded);
      } else if (next === undefined) {
        write(response, problem(404, 'Not Found', `the API is mounted at ${root}`));
      } else {
        next();
      }
    } catch (error) {
      if (next === undefined) {
        log(`a request to the management API failed: ${error.stack ?? error}`);
        fail(response);
      } else {
        next(error);
      }
    }
  };
}

// Returns the request and the caller for `handle`, or a response.
async function forward(request, { path, query }, known) {
  if (known == null) {
    return unauthorized();
  }
  const body = await readBody(request);
  return body === undefined ? tooLarge() : [{ method: request.method, path, query, body }, known];
}

// Returns the body, or undefined if it is too large. `request.body` is set if a parser has run before. Text or bytes
// are the original body; a parsed value is written as JSON again.
async function readBody(request) {
  const { body } = request;
  if (Buffer.isBuffer(body) || typeof body === 'string') {
    return String(body);
  }
  if (body != null && request.readableEnded) {
    return JSON_TYPES.test(request.headers['content-type'] ?? '') ? JSON.stringify(body) : '';
  }
  const pieces = [];
  let bytes = 0;
  const timeout = setTimeout(() => request.destroy(new Error('the body did not arrive in time')), BODY_READ_MS_MAX);
  try {
    for await (const piece of request) {
      bytes += piece.length;
      if (bytes <= BODY_BYTES_MAX) {
        pieces.push(piece);
      }
    }
  } finally {
    clearTimeout(timeout);
  }
  return bytes > BODY_BYTES_MAX ? undefined : Buffer.concat(pieces).toString();
}

function write(response, { status, headers, body }) {
  if (response.headersSent) {
    throw new Error('a response was begun before the management API, for example in `caller`');
  }
  response.statusCode = status;
  for (const { name, value } of headers) {
    response.setHeader(name, value);
  }
  response.end(body);
}

function fail(response) {
  if (response.headersSent) {
    // A cut connection shows the client that the response is incomplete.
    response.destroy();
  } else {
    write(response, failed());
  }
}
