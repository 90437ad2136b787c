// Requests as the component submits them to the HTTP client.

/** Returns a request. `more` replaces its fields. */
export function request(url, more = {}) {
  return {
    id: 1n,
    method: 'POST',
    url,
    headers: [{ name: 'Content-Type', value: 'application/json' }],
    body: { tag: 'text', val: '{}' },
    timeoutMs: 20_000,
    responseBytesMax: 1_000,
    egress: { allow: [], deny: ['10.0.0.0/8'] },
    ...more,
  };
}

/** Sends a request. Returns a promise of its outcome. */
export function exchange(client, asked) {
  return new Promise((resolve) => { client.send(asked, resolve); });
}
