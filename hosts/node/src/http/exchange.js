// One request and its response, as undici's handler. Its timeout covers everything, and its outcome is reported once.

import { RESPONSE_HEADERS_MAX } from '../support/limits.js';
import { clearTimeout, setTimeout } from '../support/timers.js';
import { collector } from './body.js';
import { Failure, failed, failureOf } from './failure.js';

/** A request in flight. */
export class Exchange {
  #done;
  #timer;
  #timeoutMs;
  #bytesMax;
  #controller = null;
  #head = null;
  #body = null;
  /** Called when there is no response. Returns true if the request was sent again. */
  retry = () => false;

  /** Starts the timeout. `done` gets the outcome. Without `keepsAlive`, a finished process does not wait for it. */
  constructor({ timeoutMs, responseBytesMax }, done, keepsAlive) {
    this.#done = done;
    this.#timeoutMs = timeoutMs;
    this.#bytesMax = responseBytesMax;
    this.#timer = setTimeout(() => this.#timeOut(), timeoutMs);
    if (!keepsAlive) {
      this.#timer.unref();
    }
  }

  /** Reports a failure. */
  fail(failure) {
    this.#end(failed(failure));
  }

  /** Aborts the request. No outcome is reported. */
  abort() {
    this.#end(null);
    this.#controller?.abort(new Error('the request was aborted'));
  }

  onRequestStart(controller) {
    this.#controller = controller;
    if (this.#done === null) {
      controller.abort(new Error('the request was aborted'));
    }
  }

  onResponseStart(controller, status, parsed) {
    const isInterim = status < 200;
    if (isInterim) {
      return;
    }
    const headers = headersOf(Array.isArray(controller.rawHeaders) ? controller.rawHeaders : Object.entries(parsed).flatMap(pairsOf));
    const encoding = headers.findLast(({ name }) => name === 'content-encoding')?.value;
    this.#head = { status, headers: headers.slice(0, RESPONSE_HEADERS_MAX) };
    this.#body = collector(encoding, this.#bytesMax);
  }

  onResponseData(controller, piece) {
    // At the limit the connection is closed, because the rest of the body is not read.
    if (this.#done !== null && !this.#body.push(piece)) {
      this.#respond();
      controller.abort(new Error('the limit of the response is reached'));
    }
  }

  onResponseEnd() {
    this.#respond();
  }

  onResponseError(_, error) {
    const mayRetry = this.#head === null && this.#done !== null;
    if (mayRetry && this.retry(error)) {
      return;
    }
    this.fail(this.#head === null ? failureOf(error) : new Failure('protocol', `the response broke off: ${error.message}`));
  }

  #timeOut() {
    const reason = this.#head === null ? 'no response' : 'the response did not end';
    this.fail(new Failure('timeout', `${reason} within ${this.#timeoutMs} ms`));
    this.#controller?.abort(new Error('the request timed out'));
  }

  #respond() {
    const head = this.#head;
    const finished = this.#body.finish();
    const report = ({ body, truncated }) => this.#end({ tag: 'ok', val: { ...head, body, truncated } });
    if (finished instanceof Promise) {
      finished.then(report);
    } else {
      report(finished);
    }
  }

  #end(outcome) {
    const done = this.#done;
    if (done !== null) {
      this.#done = null;
      clearTimeout(this.#timer);
      if (outcome !== null) {
        done(outcome);
      }
    }
  }
}

// Over HTTP/2 there are no raw headers. A header that is there several times has an array.
function pairsOf([name, value]) {
  return [value].flat().flatMap((one) => [name, String(one)]);
}

function headersOf(raw) {
  return Array.from({ length: raw.length >> 1 }, (_, index) => ({
    name: String(raw[2 * index]).toLowerCase(),
    value: Buffer.from(raw[2 * index + 1]).toString('utf8'),
  }));
}
