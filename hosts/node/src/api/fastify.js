// The management API as a plugin for Fastify. The platform decides who calls; `webhooks.handle` does the rest.

import { BODY_BYTES_MAX } from '../support/limits.js';
import { adapterOptions } from './arguments.js';
import { respond, splitTarget, tooLarge, unauthorized } from './problem.js';

/** Returns a plugin: `app.register(webhooks.fastify({ caller }), { prefix: '/webhooks-api' })`. `log` gets errors. */
export function fastifyPlugin(webhooks, options, log) {
  const { caller } = adapterOptions(options, ['caller']);
  return async function hookwright(fastify) {
    // The routes of this plugin get the body's text. The parsers of the application do not apply to them.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_BYTES_MAX }, (_, body, done) => {
      done(null, body);
    });
    fastify.setErrorHandler((error, _, reply) => {
      if (error.statusCode !== 413) {
        // The application's own error handler takes over, or Fastify's.
        throw error;
      }
      return send(reply, tooLarge());
    });
    // The prefix may have parameters, so its length differs from the path's. Its number of segments does not.
    const segments = fastify.prefix.split('/').length;
    fastify.all('/*', async (request, reply) => {
      const known = await caller(request);
      const [target, query] = splitTarget(request.raw.url);
      const parts = target.split('/');
      const mount = parts.slice(0, segments).join('/');
      const path = `/${parts.slice(segments).join('/')}`;
      const forwarded = { method: request.method, path, query, body: request.body ?? '' };
      return send(reply, known == null ? unauthorized() : await respond(webhooks, forwarded, known, { mount, log }));
    });
  };
}

function send(reply, { status, headers, body }) {
  reply.code(status);
  for (const { name, value } of headers) {
    reply.header(name, value);
  }
  return reply.send(body);
}
