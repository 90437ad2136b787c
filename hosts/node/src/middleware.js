// The management API where a platform's own HTTP server is: Express, NestJS on Express, plain `node:http`, Fastify. Who calls
// is the platform's to say; everything else is `console.handle`.

import { BODY_BYTES_MAX, BODY_READ_MS_MAX } from './limits.js';

const JSON_TYPES = /^application\/([a-z.+-]+\+)?json\b/i;

/**
 * `(request, response, next)` for Express and the like. `caller(request)` answers who calls, `{ tenant, user?, permissions? }`,
 * or nothing if nobody is known: that is a 401.
 */
export function middleware(hooks, { caller, mount = '' }, log) {
  const root = mount.replace(/\/+$/, '');
  return async function hookwright(request, response, next) {
    try {
      const [path, query = ''] = splitTarget(request.url);
      if (path !== root && !path.startsWith(`${root}/`)) {
        if (next === undefined) {
          write(response, problem(404, 'Not Found', `there is nothing outside ${root}`));
        } else {
          next();
        }
        return;
      }
      const who = await caller(request);
      const answer = who == null
        ? problem(401, 'Unauthorized', 'nobody is known to call')
        : await answerTo(hooks, request, { path: path.slice(root.length) || '/', query }, who);
      write(response, answer);
    } catch (error) {
      if (next !== undefined) {
        next(error);
        return;
      }
      log(`answering a request to the management API: ${error.stack ?? error}`);
      if (response.headersSent) {
        // What has begun cannot become another answer; cut off, it is at least not taken for a whole one.
        response.destroy();
      } else {
        write(response, problem(500, 'Internal Server Error', 'the host failed'));
      }
    }
  };
}

/** A plugin for `app.register(hooks.fastify({ caller }), { prefix: '/webhooks-api' })`. */
export function fastifyPlugin(hooks, { caller }) {
  return async function hookwright(fastify) {
    // Within this plugin bodies stay the text that came.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_BYTES_MAX }, (_, body, done) => {
      done(null, body);
    });
    fastify.setErrorHandler((error, _, reply) => {
      if (error.statusCode !== 413) {
        // The application's own handler, or Fastify's, has the rest.
        throw error;
      }
      return send(reply, tooLarge());
    });
    // A prefix may have parameters, so that it is not as long as what stands in its place.
    const segments = fastify.prefix.split('/').length;
    fastify.all('/*', async (request, reply) => {
      const who = await caller(request);
      const [whole, query = ''] = splitTarget(request.raw.url);
      const path = `/${whole.split('/').slice(segments).join('/')}`;
      const asked = { method: request.method, path, query, body: request.body ?? '' };
      return send(reply, who == null
        ? problem(401, 'Unauthorized', 'nobody is known to call')
        : await hooks.handle(asked, who));
    });
  };
}

async function answerTo(hooks, request, { path, query }, who) {
  const body = await readBody(request);
  if (body === undefined) {
    return tooLarge();
  }
  return hooks.handle({ method: request.method, path, query, body }, who);
}

// What stands in `request.body` was read by somebody before: as text or bytes it is what came, as a value it is written again.
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
  const late = setTimeout(() => request.destroy(new Error('the body took too long')), BODY_READ_MS_MAX);
  try {
    for await (const piece of request) {
      bytes += piece.length;
      if (bytes <= BODY_BYTES_MAX) {
        pieces.push(piece);
      }
    }
  } finally {
    clearTimeout(late);
  }
  return bytes > BODY_BYTES_MAX ? undefined : Buffer.concat(pieces).toString();
}

function write(response, { status, headers, body }) {
  if (response.headersSent) {
    throw new Error('somebody else has begun to answer, in `caller` or before');
  }
  response.statusCode = status;
  for (const { name, value } of headers) {
    response.setHeader(name, value);
  }
  response.end(body);
}

function send(reply, { status, headers, body }) {
  reply.code(status);
  for (const { name, value } of headers) {
    reply.header(name, value);
  }
  return reply.send(body);
}

function tooLarge() {
  return problem(413, 'Content Too Large', `the body has more than ${BODY_BYTES_MAX} bytes`);
}

function problem(status, title, detail) {
  const body = JSON.stringify({ type: 'about:blank', title, status, detail });
  return { status, headers: [{ name: 'content-type', value: 'application/problem+json' }], body };
}

function splitTarget(target) {
  const at = target.indexOf('?');
  return at < 0 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}
