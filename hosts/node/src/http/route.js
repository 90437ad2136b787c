// The connections of one egress policy, and the version of HTTP on them.

import { Agent } from 'undici';
import { HTTP2_PING_MS, IDLE_CONNECTION_MS_MAX, RESPONSE_HEAD_BYTES_MAX } from '../support/limits.js';
import { wantsHttp1 } from './failure.js';
import { Http2Only } from './versions.js';

/** Sends the requests of one egress policy. A kept connection serves no others. */
export class Route {
  #connect;
  #http1;
  #http2;
  #http2Only = new Http2Only();

  /** @param {(options: object, protocol: string) => Promise<object>} connect makes a connection that was permitted */
  constructor(connect) {
    this.#connect = connect;
    this.#http1 = this.#makeAgent('http/1.1');
  }

  /**
   * Sends a request, whose `exchange` gets the events. The version of HTTP changes only after an error which guarantees
   * that the request was not processed, and at most once in each direction.
   */
  send(request, exchange) {
    const { origin } = request;
    if (!this.#http2Only.has(origin)) {
      this.#sendHttp1(request, exchange);
      return;
    }
    exchange.retry = (error) => {
      const isOver = !wantsHttp1(error) && error.wantsOtherHttp !== true;
      if (isOver) {
        return false;
      }
      // The receiver may have been set up anew.
      this.#http2Only.forget(origin);
      this.#sendHttp1(request, exchange);
      return true;
    };
    this.#agent2().dispatch(request, exchange);
  }

  /** Ends the connections when their requests have ended. */
  async close() {
    await Promise.all([this.#http1.close(), this.#http2?.close()]);
  }

  /** Ends the connections. */
  async destroy() {
    await Promise.all([this.#http1.destroy(), this.#http2?.destroy()]);
  }

  #sendHttp1(request, exchange) {
    exchange.retry = (error) => {
      if (error.wantsOtherHttp !== true) {
        return false;
      }
      this.#http2Only.remember(request.origin);
      exchange.retry = (later) => {
        if (wantsHttp1(later) || later.wantsOtherHttp === true) {
          this.#http2Only.forget(request.origin);
        }
        return false;
      };
      this.#agent2().dispatch(request, exchange);
      return true;
    };
    this.#http1.dispatch(request, exchange);
  }

  #agent2() {
    this.#http2 ??= this.#makeAgent('h2');
    return this.#http2;
  }

  #makeAgent(protocol) {
    return new Agent({
      connect: (options, callback) => {
        this.#connect(options, protocol).then((socket) => callback(null, socket), (error) => callback(error, null));
      },
      allowH2: protocol === 'h2',
      pingInterval: HTTP2_PING_MS,
      pipelining: 1,
      // The component bounds the number of requests, and each request has its own timeout.
      connections: null,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS_MAX,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS_MAX,
      maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
      maxResponseSize: -1,
    });
  }
}
