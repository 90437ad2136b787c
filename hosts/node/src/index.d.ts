// The package's types. They are written by hand, because the types that are generated from the WIT show every call as
// synchronous.

import type { IncomingMessage, ServerResponse } from 'node:http';

// Hookwright

/** The webhooks of a platform: calls over one store, and background workers that deliver. */
export class Hookwright<Transaction = any> {
  protected constructor();
  /** Reads the options, checks that the store can be read, and configures a first instance. Starts no workers. */
  static open<T>(options: OpenOptions<T>): Promise<Hookwright<T>>;
  /** Opens a Hookwright for a platform's own tests. It records events and requests, and sends nothing. */
  static fake(options?: Partial<OpenOptions>): Promise<Fake>;

  /** Accepts one event. It is durable when the promise resolves, or with the commit of `transaction`. */
  onEvent(event: EventInput | string, options?: AcceptOptions<Transaction>): Promise<Accepted>;
  /** Accepts up to 100 events in one commit: all of them or none. */
  onEvents(events: (EventInput | string)[], options?: AcceptOptions<Transaction>): Promise<Accepted[]>;
  /** Accepts one event in a synchronous transaction (SQLite). The rows are written when the method returns. */
  onEventSync(event: EventInput | string, options: SyncAcceptOptions<Transaction>): Accepted;
  /** Accepts up to 100 events in a synchronous transaction (SQLite). The rows are written when the method returns. */
  onEventsSync(events: (EventInput | string)[], options: SyncAcceptOptions<Transaction>): Accepted[];

  /** Registers a webhook. The result contains the secret in clear; no later call returns it. */
  register(tenant: string, registration: Registration | string): Promise<WebhookWithSecret>;
  /** Changes the given fields of a webhook. */
  update(tenant: string, webhookId: string, changes: Partial<Registration> | string): Promise<Webhook>;
  /** Returns a webhook. */
  get(tenant: string, webhookId: string): Promise<Webhook>;
  /** Returns the tenant's webhooks in the order of their registration, the newest last. */
  list(tenant: string, paging?: Paging): Promise<Page<Webhook>>;
  /** Removes a webhook. Its waiting deliveries end as `cancelled`. A job removes its other rows. */
  unregister(tenant: string, webhookId: string): Promise<void>;
  /**
   * Sets a new secret, generated unless one is given. The old secret signs for `overlapS` more seconds: 0 to 604,800,
   * by default 86,400 (1 day). In a format with one signature it signs alone until then. The result contains the new
   * secret in clear, and the time from which it signs in `newSecretSignsFrom`.
   */
  rotateSecret(
    tenant: string,
    webhookId: string,
    options?: { secret?: string; overlapS?: number },
  ): Promise<WebhookWithSecret>;
  /**
   * Sends an event now, as a test, and waits for its outcome: `event`, the profile's sample if it has only a `type`, or
   * the test event of the webhook's format without one. A failure of the receiver is not an error. `signal` ends the
   * wait; a request that was sent is recorded nevertheless.
   */
  testWebhook(
    tenant: string,
    webhookId: string,
    options?: { event?: TestEventInput | string; signal?: AbortSignal },
  ): Promise<Attempt>;
  /** Returns the webhook's attempts, newest first. */
  attempts(tenant: string, webhookId: string, paging?: Paging): Promise<Page<Attempt>>;

  /** Returns a message and its latest attempts, at most 100. */
  message(tenant: string, messageId: string): Promise<Message>;
  /** Returns the message's attempts for all webhooks, newest first. */
  messageAttempts(tenant: string, messageId: string, paging?: Paging): Promise<Page<Attempt>>;
  /** Returns the JSON text that the webhook's requests for the message carry, byte for byte. */
  payload(tenant: string, messageId: string, webhookId: string): Promise<string>;
  /** Returns the steps that led to the present state of a delivery. */
  explain(tenant: string, messageId: string, webhookId: string): Promise<Explanation>;
  /** Sends a message again, to one webhook or to all active webhooks that subscribe to it now. */
  redeliver(
    tenant: string,
    messageId: string,
    options?: { webhookId?: string },
  ): Promise<{ messageId: string; webhookIds: string[] }>;

  /**
   * Starts a job that sends again the webhook's deliveries that failed in the time range and were not delivered since.
   */
  recover(tenant: string, webhookId: string, range: RecoverRange | string): Promise<Job>;
  /** Starts a job that sends the messages of the time range that the webhook never received. */
  replay(tenant: string, webhookId: string, range: ReplayRange | string): Promise<Job>;
  /** Starts a job that removes everything stored about the events of one subject. */
  erase(tenant: string, request: { subject: Subject } | string): Promise<Job>;
  /** Returns a job. */
  job(tenant: string, jobId: string): Promise<Job>;
  /** Returns the tenant's jobs, newest first. */
  jobs(tenant: string, paging?: Paging): Promise<Page<Job>>;
  /** Ends a `recover` or `replay` job. Deliveries that it has already requested are made. */
  cancelJob(tenant: string, jobId: string): Promise<Job>;

  /** Returns the tenant's settings. */
  settings(tenant: string): Promise<TenantSettings>;
  /** Changes the given settings, and returns all of them. */
  updateSettings(tenant: string, changes: { keepBodies?: boolean } | string): Promise<TenantSettings>;
  /** Returns the profile's catalogue. An empty catalogue accepts every event type. */
  eventTypes(): Promise<{ profile: string; eventTypes: string[] }>;

  /**
   * Starts the background workers. They do not keep a finished process alive. `signal` stops them. Resolves when they
   * have started. Rejects if their thread cannot start, which is logged as well, so that the result need not be awaited.
   */
  start(options?: { signal?: AbortSignal }): Promise<this>;
  /** Stops the background workers. Resolves when their attempts in flight are settled, or at the deadline. */
  stop(options?: StopOptions): Promise<void>;
  /** Tells the background workers that there may be work. Call it after the commit of a transaction with an event. */
  signalWork(): void;
  /**
   * Delivers until nothing is due or the budget is spent, for a serverless function or cron. `timeMs` is 10,000 by
   * default. After `signal`, no new attempt starts, and the attempts in flight are settled.
   */
  deliver(options?: { timeMs?: number; attemptsMax?: number; signal?: AbortSignal }): Promise<DeliveryReport>;
  /**
   * Voids every lease, except those of quarantined lanes, and returns the number of lanes that became free. Call it
   * only if no other process works on the store: otherwise requests may be sent twice.
   */
  reclaimLeases(): Promise<number>;
  /**
   * Stops the workers, waits for the calls in flight, and closes the connections and the store. At the deadline it ends
   * what is left. Every later call fails.
   */
  close(options?: StopOptions): Promise<void>;
  /** Does the same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;

  /** Handles one request to the management API. */
  handle(request: ApiRequest, caller: Caller): Promise<ApiResponse>;
  /**
   * Returns the management API for Express, NestJS on Express, and plain `node:http`. `mount` is a prefix of the path.
   */
  middleware<Request extends IncomingMessage = IncomingMessage>(
    options: MiddlewareOptions<Request> & { mount?: string },
  ): (request: Request, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void>;
  /** Returns the management API as a plugin for Fastify's `register`. */
  fastify(options: MiddlewareOptions<any>): (fastify: any) => Promise<void>;
}

/** The options of `Hookwright.open`. */
export interface OpenOptions<Transaction = any> {
  /** The store: `sqliteStorage`, `postgresStorage`, or one of your own. */
  storage: Storage<Transaction>;
  /** The name of a profile, by default `standard`. */
  profile?: string;
  /** The platform's own profiles. */
  profiles?: JsonInput[];
  /** The key that encrypts the webhooks' secrets in the store: `id:hex`, with 64 hexadecimal digits. */
  sealingKey?: string | SealingKey;
  /** Several sealing keys. The first one encrypts; each of them decrypts. */
  sealingKeys?: (string | SealingKey)[];
  /**
   * The rule for U+0000 and halves of surrogate pairs in events: `keep`, the default, sends them as escapes;
   * `replace` makes each U+FFFD; `refuse` refuses the event.
   */
  invalidText?: 'keep' | 'replace' | 'refuse';
  /** The destinations of requests, and the way to them. */
  egress?: {
    /** Private, loopback or reserved networks, in CIDR form, that webhooks may reach. */
    allowDestinations?: string[];
    /** The rule for `http` URLs, by default `allowed`. */
    plainHttp?: 'allowed' | 'refused';
    /** An outbound proxy: `http://user:password@host:port`. */
    proxy?: string;
    /**
     * The `User-Agent` of every request: 1 to 256 visible ASCII characters. By default that of the profile, or
     * `Hookwright/<version>`.
     */
    userAgent?: string;
    /** Certificates in PEM that are trusted besides the default ones. */
    ca?: string | string[];
  };
  limits?: {
    /** Webhooks of one tenant: 1 to 1,000,000, by default 1,000. */
    webhooksPerTenantMax?: number;
    /**
     * Seconds of failures without a success after which a webhook is disabled. 0: never. By default 432,000 (5 days).
     */
    disableAfterS?: number;
    /** Failed deliveries in a row after which a webhook is disabled. 0, the default: never. */
    disableAfterDeliveries?: number;
    /**
     * Seconds that messages are kept after they were routed to their webhooks. 0: without limit. By default 2,592,000
     * (30 days). A message with a waiting delivery is kept longer.
     */
    retentionS?: number;
  };
  /** The background workers of `start`. */
  workers?: {
    /** The number of workers: 1 to 16, by default 1. */
    count?: number;
    /**
     * True: the workers run on a thread of their own; refused where that is impossible. False: they run on the caller's
     * thread. By default they have a thread if the store has `portable`.
     */
    ownThread?: boolean;
  };
  /** Gets log lines: a function, or a logger such as `console` or that of `pino`. By default they go to stderr. */
  log?: Log | Logger;
  /** The clock and the random bytes, for tests. */
  world?: {
    /** Returns microseconds since 1970. */
    now?: () => bigint;
    random?: (bytes: number) => Uint8Array;
  };
  /** Another HTTP client, for tests. */
  client?: HttpClient;
}

export interface StopOptions {
  /**
   * Milliseconds after which the attempts and calls in flight are ended, by default 8,000. A request whose outcome was
   * not recorded is sent again.
   */
  timeoutMs?: number;
}

/** Gets log lines. Log lines are for people; their texts may change. */
export type Log = (level: 'error' | 'warn' | 'info', message: string) => void;

export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
}

export interface SealingKey {
  /** The key's name: 1 to 32 characters of `a` to `z`, `0` to `9` and `-`. */
  id: string;
  /** 32 random bytes in hexadecimal. */
  key: string;
}

export interface HttpClient {
  /** Sends a request. Calls `done` with its outcome. Returns a function that aborts the request. */
  send(request: any, done: (outcome: any) => void): () => void;
  close?(): Promise<void>;
}

// Events

/** A JSON value. A string is JSON text: its numbers and its key order are kept. */
export type JsonInput = object | string;

/** The event of a test. */
export type TestEventInput = Pick<EventInput, 'type' | 'subject' | 'before' | 'after' | 'data' | 'context'>;

/** An event. Only `type` is required. */
export interface EventInput {
  /** The event type, such as `invoice.paid`. If the profile has a catalogue, it must contain the type. */
  type: string;
  /** The idempotency key. A repeated event with the same `id` and content is not accepted again. */
  id?: string;
  tenant?: string;
  /** RFC 3339, by default the present time. */
  occurredAt?: string;
  subject?: Subject;
  before?: unknown;
  after?: unknown;
  data?: unknown;
  context?: unknown;
}

/** The thing that an event is about. */
export interface Subject {
  type: string;
  id: string | number;
}

/**
 * Options of a call. Every call refuses unknown options. `tenant` and `transaction` must have a value if they are there:
 * `{ transaction: undefined }` is refused.
 */
export interface AcceptOptions<Transaction> {
  /** The tenant, as the platform has established it. Without it, the event's own `tenant` counts, or `default`. */
  tenant?: string;
  /** The platform's open transaction, in the store's database. The event is committed or rolled back with it. */
  transaction?: Transaction;
  /** Ends the wait, not the call. To learn whether the event was accepted, repeat it with the same `id`. */
  signal?: AbortSignal;
}

/** Options of a call that is complete when it returns. A transaction of PostgreSQL has no such calls. */
export type SyncAcceptOptions<Transaction> = Transaction extends { query(...args: any[]): Promise<any> }
  ? never
  : { tenant?: string; transaction: Transaction };

export interface Accepted {
  /** The message's id, `msg_` and 26 characters. Every attempt carries it. */
  messageId: string;
  /** False if the same event was accepted before. Nothing was stored in that case. */
  new: boolean;
}

// Webhooks

/** The fields of a webhook that a caller sets. */
/** A status (`401`), a class (`'4xx'`) or a range (`'500-599'`). */
export type StatusEntry = number | string;

export interface Registration {
  url: string;
  /** Event types, patterns and exclusions: `invoice.paid`, `invoice.*`, `*.paid`, `*`, `!user.login`. */
  events: string[];
  name?: string;
  /** Generated by default, if the profile signs. `''` makes an unsigned webhook, if the profile allows it. */
  secret?: string;
  method?: 'POST' | 'GET';
  headers?: Record<string, string>;
  /** The profile whose format the requests have, by default the platform's profile. */
  format?: string;
  isActive?: boolean;
  /** Milliseconds for one attempt: 100 to 30,000. */
  timeoutMs?: number;
  /** Seconds between attempts: one number for each retry. */
  schedule?: number[];
  /** Requests in flight at the same time: 1 to 64, by default 8. */
  concurrency?: number;
  /** Attempts per minute, evenly spaced. 0: without limit. */
  ratePerMinute?: number;
  /** True: one delivery after the other, in the order of acceptance. */
  strictOrder?: boolean;
  /** With `strictOrder`: the reaction to a delivery that has failed all its attempts. */
  onExhausted?: 'continue' | 'pause';
  /** RFC 3339, at most 7 days ahead: until then deliveries wait. `null` ends the pause. */
  pausedUntil?: string | null;
  /** Statuses of success: `[200, '2xx', '200-204']`. `null`: those of the format. */
  successStatuses?: StatusEntry[] | null;
  /** Statuses that end a message at once. `null`: those of the format. */
  finalStatuses?: StatusEntry[] | null;
  /** False: neither payloads nor the receivers' responses are kept or shown. */
  keepBodies?: boolean;
  /** Fields of later versions of the component. */
  [field: string]: unknown;
}

export interface Webhook {
  id: string;
  /** The user who registered it through the management API. */
  userId: string | null;
  name: string;
  url: string;
  method: 'POST' | 'GET';
  events: string[];
  format: string;
  headers: Record<string, string>;
  isActive: boolean;
  /** The reason why the webhook is not active. */
  inactiveReason: string | null;
  timeoutMs: number;
  schedule: number[];
  concurrency: number;
  ratePerMinute: number | null;
  keepBodies: boolean;
  strictOrder: boolean;
  onExhausted: 'continue' | 'pause';
  /** When the pause ends; null: the webhook is not paused. */
  pausedUntil: string | null;
  /** The statuses of success that count: the webhook's own or those of its format. */
  successStatuses: StatusEntry[] | null;
  /** The statuses that end a message at once. */
  finalStatuses: StatusEntry[] | null;
  /** A fingerprint that distinguishes secrets without revealing them. */
  secretHint: string | null;
  /** During a rotation: when the newest secret begins to sign. */
  newSecretSignsFrom: string | null;
  /** During a rotation: when the last of the earlier secrets ends. */
  oldSecretSignsUntil: string | null;
  lastTriggeredAt: string | null;
  lastResponseCode: number | null;
  /** Failed attempts since the last success. */
  failureCount: number;
  createdAt: string;
  updatedAt: string;
  /** Effects of its settings that may surprise, such as a query of its URL that the format never sends. */
  warnings: string[];
  /** Fields of later versions of the component. */
  [field: string]: unknown;
}

/** A webhook with its secret in clear. Only `register` and `rotateSecret` return it. */
export interface WebhookWithSecret extends Webhook {
  secret?: string;
}

/** One HTTP request of a delivery, and its outcome. */
export interface Attempt {
  messageId: string;
  webhookId: string;
  eventType: string;
  /** The attempt's number within the delivery, from 1. */
  number: number;
  at: string;
  durationMs: number;
  state: 'delivered' | 'retrying' | 'exhausted' | 'skipped' | 'cancelled' | 'failed';
  status: number | null;
  error: string | null;
  detail: string | null;
  responseExcerpt: string | null;
  nextAttemptAt: string | null;
  isTest: boolean;
  [field: string]: unknown;
}

export interface TenantSettings {
  /** False: neither payloads nor the receivers' responses are kept or shown. */
  keepBodies: boolean;
  [field: string]: unknown;
}

// Messages and jobs

/** An accepted event. */
export interface Message {
  id: string;
  type: string;
  occurredAt: string;
  acceptedAt: string;
  /** The event, parsed. Integers above 2^53 lose their last digits; `payload` returns the text instead. */
  event: unknown;
  attempts: Attempt[];
  nextCursor: string | null;
  [field: string]: unknown;
}

/** The state of a delivery, and the steps that led to it. */
export interface Explanation {
  messageId: string;
  webhookId: string;
  /** `accepted`: not routed yet. `none`: the message was not routed to this webhook. */
  state: 'accepted' | 'waiting' | 'delivered' | 'exhausted' | 'skipped' | 'cancelled' | 'failed' | 'none';
  steps: { at: string; step: string; detail: string }[];
}

/** Work that takes longer than a call. Workers do it step by step, between deliveries. */
export interface Job {
  id: string;
  /** `purge` removes the rows of an unregistered webhook. */
  kind: 'recover' | 'replay' | 'purge' | 'erase';
  state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Rows that the job has looked at. */
  scanned: number;
  /** Deliveries that the job has requested, or messages and rows that it has removed. */
  affected: number;
  createdAt: string;
  updatedAt: string;
  endedAt?: string;
  webhookId?: string;
  since?: string;
  until?: string;
  /** The filter that the job was started with. */
  eventTypes?: string[];
  states?: ('exhausted' | 'failed' | 'skipped' | 'none')[];
  statuses?: (number | string)[];
  errors?: HttpErrorKind[];
  /** The reason of a state that is not `running` or `done`. */
  detail?: string;
}

export interface TimeRange {
  /** RFC 3339. */
  since: string;
  /** RFC 3339, by default the present time. */
  until?: string;
}

/** The failed deliveries that `recover` sends again. A field that is left out selects all. */
export interface RecoverRange extends TimeRange {
  /** Event types, patterns and exclusions, as for webhooks. */
  eventTypes?: string[];
  states?: ('exhausted' | 'failed')[];
  /** Statuses of the last response: `500`, `'5xx'`, `'500-599'`. With `errors`, one of the two must fit. */
  statuses?: (number | string)[];
  errors?: HttpErrorKind[];
}

/** The missed messages that `replay` sends. A field that is left out selects all. */
export interface ReplayRange extends TimeRange {
  /** Event types, patterns and exclusions, as for webhooks. */
  eventTypes?: string[];
  /** `none`: never routed to the webhook. */
  states?: ('skipped' | 'none')[];
}

export interface DeliveryReport {
  /** Messages whose webhooks were determined. */
  routed: number;
  /** Attempts that were made and recorded. */
  attempts: number;
  /** Successful attempts. */
  delivered: number;
  /** Milliseconds until the next call of `deliver`: 0 to 1,000. */
  nextDueMs: number;
  /** Stored rows that could not be read, for the administrator's log. */
  problems: string[];
}

export interface Paging {
  cursor?: string | null;
  /** Entries of a page: 1 to 100, by default 50. */
  limit?: number;
}

export interface Page<T> {
  data: T[];
  /** The cursor of the next page, or null on the last one. */
  nextCursor: string | null;
}

// The management API

/** The caller of the management API. The component trusts the platform's authentication. */
export interface Caller {
  tenant: string;
  user?: string;
  /** Every call that changes something requires `manage:webhook`. */
  permissions?: string[];
}

export interface ApiRequest {
  method: string;
  /** The path below the mount, with a leading `/`, percent-encoded as it was received. */
  path: string;
  query?: string;
  body?: string;
}

export interface ApiResponse {
  status: number;
  headers: { name: string; value: string }[];
  body: string;
}

export interface MiddlewareOptions<Request> {
  /** Returns the caller, or nothing for an unknown one, who gets a 401. */
  caller: (request: Request) => Caller | null | undefined | Promise<Caller | null | undefined>;
}

// Stores

/** Returns a store in a SQLite file. */
export function sqliteStorage(file: string | URL): Storage<SqliteConnection> & {
  createSchema(): Promise<void>;
  close(): Promise<void>;
};
/** Returns a store in PostgreSQL. `close` of the Hookwright does not end the pool. */
export function postgresStorage(pool: PostgresPool): Storage<PostgresTransaction> & { createSchema(): Promise<void> };
/** Returns an empty store in memory, for tests. Its rows are lost when the process exits. */
export function memoryStorage(): Storage;
/** The SQL statement of `createSchema`, for the platform's own migrations. */
export const SQLITE_SCHEMA: string;
/** The SQL statement of `createSchema`, for the platform's own migrations. */
export const POSTGRES_SCHEMA: string;

/** A connection of `node:sqlite` (`DatabaseSync`) or of `better-sqlite3`. */
export interface SqliteConnection {
  exec(sql: string): unknown;
  prepare(sql: string): unknown;
}

/** A connection with an open transaction: a client of `pg`, or a query runner or entity manager of TypeORM. */
export interface PostgresTransaction {
  query(text: string, values?: any[]): Promise<any>;
  /** A pool is no transaction, because each of its queries may run on another connection. */
  totalCount?: never;
  /** A data source of TypeORM is no transaction either. */
  createQueryRunner?: never;
}

/** A `Pool` of `pg`. */
export interface PostgresPool {
  connect(): Promise<any>;
  query(text: string, values?: any[]): Promise<any>;
}

/**
 * A store: `wit/storage.wit` in JavaScript. Each function returns its result or a promise of it, and throws
 * `StorageError`. `npx hookwright check-storage` checks a store against the contract.
 */
export interface Storage<Transaction = unknown> {
  /** Returns the rows of the keys, in their order. */
  get(keys: string[]): (Entry | undefined)[] | Promise<(Entry | undefined)[]>;
  /** Returns the rows from `start` up to `end`, `end` excluded. */
  scan(range: { start: string; end: string }, limit: number, order: 'forward' | 'reverse'): Entry[] | Promise<Entry[]>;
  /** Applies all mutations if every check holds. Returns the versions of the puts, in their order. */
  commit(checks: Check[], mutations: Mutation[]): bigint[] | Promise<bigint[]>;
  /** Creates the table, outside any transaction. It may be called at each start. */
  createSchema?(): Promise<void>;
  /** Returns the store inside an open transaction of the platform. */
  join?(transaction: Transaction): Storage;
  /** True if the calls of a joined store are complete when they return. `onEventSync` requires it. */
  readonly joinsSynchronously?: boolean;
  /**
   * Tells the worker thread how to open the store: a module, the name of its class, and arguments that can be cloned.
   */
  readonly portable?: { module: string; name: string; args: unknown[] };
  close?(): Promise<void> | void;
}

/** A stored row. */
export interface Entry {
  key: string;
  value: string;
  version: bigint;
}

/** A condition of a commit: the row has this version, or, without a version, is absent. */
export interface Check {
  key: string;
  version?: bigint;
}

export type Mutation = { tag: 'put'; val: { key: string; value: string } } | { tag: 'delete'; val: string };

export type StorageErrorKind = 'conflict' | 'not-applied' | 'unknown' | 'transaction-aborted' | 'invalid';

/** A failed storage call. */
export class StorageError extends Error {
  /** `failed` has the indexes of the checks that failed. */
  constructor(kind: 'conflict', failed: number[]);
  /** `cause` is the driver's error. `hint` becomes the hint of the call's error. */
  constructor(kind: Exclude<StorageErrorKind, 'conflict'>, detail: string, more?: { cause?: unknown; hint?: string });
  readonly kind: StorageErrorKind;
  /** `HOOKWRIGHT_STORAGE_` and the kind: `HOOKWRIGHT_STORAGE_NOT_APPLIED`. */
  readonly code: string;
  /** One sentence: how to fix it. */
  readonly hint?: string;
}

// Tests

/** A Hookwright that records events and requests, and sends nothing. `Hookwright.fake()` opens it. */
export class Fake extends Hookwright<any> {
  /** The accepted events, in order. */
  readonly accepted: { tenant: string; event: any; messageId: string }[];
  /** The requests that would have been sent, in order. */
  readonly sent: { method: string; url: string; headers: Record<string, string>; body: string | null }[];
  /** Sets the outcome of later requests to a URL: a status, or the kind of an error. By default it is 200. */
  answer(url: string, outcome: number | HttpErrorKind): void;
  /** Asserts that an event with this type and at least these members was accepted. Returns the first one. */
  assertAccepted(type: string, members?: object): { tenant: string; event: any; messageId: string };
  /** Asserts that no event of this type was accepted, or no event at all. */
  assertNotAccepted(type?: string): void;
  /** Delivers, and asserts that a request to this URL would have been sent. Returns the first one. */
  assertDelivered(url: string, check?: (request: Fake['sent'][number]) => boolean): Promise<Fake['sent'][number]>;
}

export type HttpErrorKind = 'destination-prohibited' | 'dns' | 'connect' | 'tls' | 'timeout' | 'protocol'
  | 'invalid-request' | 'internal';

// Receivers

/** Checks the signature of a received request against one or several secrets. */
export function verify(
  request: {
    method?: string;
    headers: Record<string, string | string[] | undefined> | Iterable<[string, string]>;
    /** The body as it was received: its bytes, or their text. */
    body: string | Uint8Array;
  },
  secrets: string | string[],
  /** The name of a profile, or the profile itself. By default `standard`. */
  profile?: string | object,
  /** `toleranceS` is the greatest age of a signature, in seconds. */
  options?: { toleranceS?: number; world?: { now?: () => bigint } },
): Promise<Verdict>;

export interface Verdict {
  verified: boolean;
  kind: 'verified' | 'missing' | 'malformed' | 'mismatch' | 'stale' | 'unverifiable';
  /** One sentence for people. */
  detail: string;
}

// Errors

export type ErrorKind = 'invalid' | 'too-large' | 'not-found' | 'conflict' | 'forbidden' | 'unavailable'
  | 'transaction-aborted' | 'internal';

/** A refused call, or a failure of the storage. Nothing was changed. `message` contains field, reason and hint. */
export class HookwrightError extends Error {
  readonly kind: ErrorKind;
  /** `HOOKWRIGHT_` and the kind: `HOOKWRIGHT_INVALID`, `HOOKWRIGHT_NOT_FOUND`. A trap has `HOOKWRIGHT_TRAP`. */
  readonly code: string;
  /** The `StorageError` that led to it, whose own `cause` is the driver's error. */
  readonly cause?: unknown;
  /** One sentence: the cause. It quotes the offending value, unless the value may be a secret. */
  readonly reason: string;
  /** The path of the offending field: `url`, `events[1]`. */
  readonly field?: string;
  /** One sentence: how to fix it. */
  readonly hint?: string;
}
/** The input breaks a rule. The caller must change it. */
export class InvalidError extends HookwrightError {}
/** The input exceeds a limit. */
export class TooLargeError extends HookwrightError {}
/** The tenant has no such webhook, message or job. */
export class NotFoundError extends HookwrightError {}
/** The call contradicts the stored state. */
export class ConflictError extends HookwrightError {}
/** The caller lacks a permission. */
export class ForbiddenError extends HookwrightError {}
/** The storage failed. A repetition of the call may succeed. */
export class UnavailableError extends HookwrightError {}
/** The platform's transaction is lost. The platform must roll it back. */
export class TransactionAbortedError extends HookwrightError {}
/** A stored row or the configuration is damaged, or this Hookwright was used wrongly. */
export class InternalError extends HookwrightError {}
/** An instance trapped: a bug in the component or in an import. Its earlier commits are kept. */
export class TrapError extends InternalError {}
