// The package's types, by hand: what is generated for the component shows its imports and exports as synchronous.

import type { IncomingMessage, ServerResponse } from 'node:http';

/** Any JSON value; a string is taken as JSON text already, whose numbers and key order are kept. */
export type JsonInput = object | string;

/** What a platform reports. Only `type` is required. */
export interface EventInput {
  /** `invoice.paid`; in the profile's catalogue, if the profile has one. */
  type: string;
  /** The idempotency key. */
  id?: string;
  tenant?: string;
  /** RFC 3339; now without it. */
  occurredAt?: string;
  subject?: { type: string; id: string | number };
  before?: unknown;
  after?: unknown;
  data?: unknown;
  context?: unknown;
}

export interface Accepted {
  /** `msg_` and 26 characters, which every attempt carries. */
  messageId: string;
  /** False if the same event had been accepted before: nothing was done. */
  new: boolean;
}

export interface Registration {
  url: string;
  events: string[];
  name?: string;
  /** Made at random if it is left out and the profile signs; `''` asks for an unsigned webhook where the profile allows it. */
  secret?: string;
  method?: 'POST' | 'GET';
  headers?: Record<string, string>;
  /** The profile whose format it speaks. */
  format?: string;
  isActive?: boolean;
  /** 100 to 30,000. */
  timeoutMs?: number;
  /** The waits after each failed attempt, in seconds. */
  schedule?: number[];
  /** Requests in flight at once: 1 to 64; 8. */
  concurrency?: number;
  /** The most attempts a minute, evenly spaced; 0: no limit. */
  ratePerMinute?: number;
  /** One delivery after the other, in the order of acceptance. */
  strictOrder?: boolean;
  /** With `strictOrder`: what follows when a delivery has failed for good. */
  onExhausted?: 'continue' | 'pause';
  /** Whether what receivers answer, and the payload, is kept and shown. */
  keepBodies?: boolean;
  /** Fields of later versions of the component. */
  [field: string]: unknown;
}

export interface Webhook {
  id: string;
  /** Who registered it by the management API. */
  userId: string | null;
  name: string;
  url: string;
  method: 'POST' | 'GET';
  events: string[];
  format: string;
  headers: Record<string, string>;
  isActive: boolean;
  /** Why it is not active. */
  inactiveReason: string | null;
  timeoutMs: number;
  schedule: number[];
  concurrency: number;
  ratePerMinute: number | null;
  keepBodies: boolean;
  strictOrder: boolean;
  onExhausted: 'continue' | 'pause';
  /** Tells secrets apart, and nothing of them. */
  secretHint: string | null;
  lastTriggeredAt: string | null;
  lastResponseCode: number | null;
  /** Attempts that failed since the last success. */
  failureCount: number;
  createdAt: string;
  updatedAt: string;
  /** Fields of later versions of the component. */
  [field: string]: unknown;
}

/** A webhook with its secret in clear: this once, and never again. */
export interface WebhookWithSecret extends Webhook {
  secret?: string;
}

export interface Attempt {
  messageId: string;
  webhookId: string;
  eventType: string;
  /** From 1. */
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

export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

export interface Paging {
  cursor?: string | null;
  /** 1 to 100; 50. */
  limit?: number;
}

export interface Message {
  id: string;
  type: string;
  occurredAt: string;
  acceptedAt: string;
  /** As JavaScript reads it: whole numbers above 2^53 lose their last digits. `payload` answers the text. */
  event: unknown;
  attempts: Attempt[];
  nextCursor: string | null;
  [field: string]: unknown;
}

export interface Explanation {
  messageId: string;
  webhookId: string;
  /** `none`: the message was not routed to this webhook. */
  state: 'accepted' | 'waiting' | 'delivered' | 'exhausted' | 'skipped' | 'cancelled' | 'failed' | 'none';
  steps: { at: string; step: string; detail: string }[];
}

export interface TimeRange {
  /** RFC 3339. */
  since: string;
  /** Now without it. */
  until?: string;
}

/** Work that takes longer than a call: the pump makes its steps between deliveries. */
export interface Job {
  id: string;
  /** `purge`: of what a removed webhook leaves behind. */
  kind: 'recover' | 'replay' | 'purge' | 'erase';
  state: 'running' | 'done' | 'failed' | 'cancelled';
  looked: number;
  done: number;
  createdAt: string;
  updatedAt: string;
  endedAt?: string;
  webhookId?: string;
  since?: string;
  until?: string;
  detail?: string;
}

export interface DeliveryReport {
  routed: number;
  attempts: number;
  delivered: number;
  /** Milliseconds until `deliver` should be called again; never more than 1,000. */
  nextDueMs: number;
  /** Stored rows that could not be read, for the operator's log. */
  problems: string[];
}

/** Who calls the management API. The platform has authenticated them; the component trusts this. */
export interface Caller {
  tenant: string;
  user?: string;
  /** `manage:webhook` is needed for everything but reading. */
  permissions?: string[];
}

export interface ApiRequest {
  method: string;
  /** Below the place where the API is mounted, beginning with `/`, percent-encoded as it came. */
  path: string;
  query?: string;
  body?: string;
}

export interface ApiResponse {
  status: number;
  headers: { name: string; value: string }[];
  body: string;
}

export interface Entry {
  key: string;
  value: string;
  version: bigint;
}

/** The row has this version, or, without one, is absent. */
export interface Check {
  key: string;
  version?: bigint;
}

export type Mutation = { tag: 'put'; val: { key: string; value: string } } | { tag: 'delete'; val: string };

/**
 * A store: `wit/storage.wit` in JavaScript. Each function answers, or promises to, and throws a `StorageError`.
 * `npx hookwright check-storage` tries one against the contract.
 */
export interface Storage<Transaction = unknown> {
  get(keys: string[]): (Entry | undefined)[] | Promise<(Entry | undefined)[]>;
  scan(range: { start: string; end: string }, limit: number, order: 'forward' | 'reverse'): Entry[] | Promise<Entry[]>;
  commit(checks: Check[], mutations: Mutation[]): bigint[] | Promise<bigint[]>;
  /** Makes the table, outside any transaction. */
  createSchema?(): Promise<void>;
  /** The store inside an open transaction of the platform's. */
  join?(transaction: Transaction): Storage;
  /** Whether what `join` answers is over when it returns: `onEventSync` needs that. */
  readonly joinsSynchronously?: boolean;
  /** How the pump's thread makes a store of its own: a module, the name of a class in it, arguments that can be cloned. */
  readonly portable?: { module: string; name: string; args: unknown[] };
  close?(): Promise<void> | void;
}

export type StorageErrorKind = 'conflict' | 'not-applied' | 'unknown' | 'transaction-aborted' | 'invalid';

/** Why a storage call did not succeed. */
export class StorageError extends Error {
  constructor(kind: 'conflict', failed: number[]);
  constructor(kind: Exclude<StorageErrorKind, 'conflict'>, detail: string);
  readonly kind: StorageErrorKind;
}

/** A connection of `node:sqlite` (`DatabaseSync`) or of `better-sqlite3`. */
export interface SqliteConnection {
  exec(sql: string): unknown;
  prepare(sql: string): unknown;
}

/** What has `query(text, values)` in a transaction: a client of `pg`, a query runner or entity manager of TypeORM. */
export interface PostgresTransaction {
  query(text: string, values?: any[]): Promise<any>;
}

/** A `Pool` of `pg`. */
export interface PostgresPool {
  connect(): Promise<any>;
  query(text: string, values?: any[]): Promise<any>;
}

export function sqliteStorage(file: string | URL): Storage<SqliteConnection> & {
  createSchema(): Promise<void>;
  close(): Promise<void>;
};
export function postgresStorage(pool: PostgresPool): Storage<PostgresTransaction> & { createSchema(): Promise<void> };
/** Rows in memory, for tests. */
export function memoryStorage(): Storage;
/** The table, for a migration of the platform's own instead of `createSchema`. */
export const SQLITE_SCHEMA: string;
export const POSTGRES_SCHEMA: string;

export interface SealingKey {
  /** 1 to 32 of `a` to `z`, `0` to `9`, `-`. */
  id: string;
  /** 32 random bytes in hexadecimal. */
  key: string;
}

export interface OpenOptions<Transaction = any> {
  storage: Storage<Transaction>;
  /** The name of a profile; `standard`. */
  profile?: string;
  /** Profiles of the platform's own. */
  profiles?: JsonInput[];
  /** Seals the secrets in the store: `id:hex`, 64 hexadecimal digits. */
  sealingKey?: string | SealingKey;
  /** Several: the first seals, all of them unseal. */
  sealingKeys?: (string | SealingKey)[];
  egress?: {
    /** Networks in CIDR form that webhooks may reach although they are private, loopback or reserved. */
    allowDestinations?: string[];
    plainHttp?: 'allowed' | 'refused';
    /** `http://user:password@host:port`. */
    proxy?: string;
    /** Certificates in PEM that are trusted beside the usual ones. */
    ca?: string | string[];
  };
  limits?: {
    /** 1 to 1,000,000; 1,000. */
    webhooksPerTenantMax?: number;
    /** 0: for ever; 432,000 (5 days). */
    disableAfterS?: number;
    /** 0: never. */
    disableAfterDeliveries?: number;
    /** How long messages are kept once all their deliveries have ended; 0: for ever; 2,592,000 (30 days). */
    retentionS?: number;
  };
  workers?: {
    /** Workers that deliver: 1 to 16; 1. */
    count?: number;
    /** Whether they work on a thread of their own: yes, where the store can be taken there. */
    ownThread?: boolean;
  };
  /** For tests: another clock, other random bytes; and where log lines go. */
  world?: {
    /** Microseconds since 1970. */
    now?: () => bigint;
    random?: (bytes: number) => Uint8Array;
    log?: (level: 'error' | 'warn' | 'info', message: string) => void;
  };
  /** For tests: another HTTP client. */
  client?: HttpClient;
}

export interface HttpClient {
  send(request: any, done: (outcome: any) => void): () => void;
  close?(): Promise<void>;
}

export interface AcceptOptions<Transaction> {
  /** Whom the call is established to be for; without it the event's own `tenant` counts. */
  tenant?: string;
  /** The platform's own open transaction: the event is committed with it, or rolled back. */
  transaction?: Transaction;
  /** Ends the wait. What has been begun by then goes on: whether the event was accepted, a repetition with its `id` tells. */
  signal?: AbortSignal;
}

export interface MiddlewareOptions<Request> {
  /** Who calls; nothing if nobody is known, which is a 401. */
  caller: (request: Request) => Caller | null | undefined | Promise<Caller | null | undefined>;
}

/** Webhooks of a platform. */
export class Hookwright<Transaction = any> {
  protected constructor();
  /** Reads the options, looks whether the store can be read, and configures a first instance. Starts nothing. */
  static open<T>(options: OpenOptions<T>): Promise<Hookwright<T>>;
  /** A Hookwright for a platform's own tests: it records, and sends nothing. */
  static fake(options?: Partial<OpenOptions>): Promise<Fake>;

  /** Accepts one event: durable when the promise resolves, or with the platform's transaction. */
  onEvent(event: EventInput | string, options?: AcceptOptions<Transaction>): Promise<Accepted>;
  /** Accepts up to 100 events in one commit: all of them or none. */
  onEvents(events: (EventInput | string)[], options?: AcceptOptions<Transaction>): Promise<Accepted[]>;
  /** The same in a synchronous transaction (SQLite): over when it returns. */
  onEventSync(event: EventInput | string, options: AcceptOptions<Transaction> & { transaction: Transaction }): Accepted;
  onEventsSync(
    events: (EventInput | string)[],
    options: AcceptOptions<Transaction> & { transaction: Transaction },
  ): Accepted[];

  /** Registers a webhook. The answer has its secret in clear, this once. */
  register(tenant: string, registration: Registration | string): Promise<WebhookWithSecret>;
  update(tenant: string, webhookId: string, changes: Partial<Registration> | string): Promise<Webhook>;
  get(tenant: string, webhookId: string): Promise<Webhook>;
  list(tenant: string, paging?: Paging): Promise<Page<Webhook>>;
  /** Removes the webhook. Its waiting deliveries end as `cancelled`; a job removes what is left of it. */
  unregister(tenant: string, webhookId: string): Promise<void>;
  /** Sets a new secret; the old one goes on signing for `overlapS` seconds (0 to 604,800; 86,400). */
  rotateSecret(
    tenant: string,
    webhookId: string,
    options?: { secret?: string; overlapS?: number },
  ): Promise<WebhookWithSecret>;
  /**
   * Sends the profile's test event now, and waits for the outcome. A receiver's failure is no error. `signal` ends the wait; a request
   * that has been sent is recorded all the same.
   */
  testWebhook(tenant: string, webhookId: string, options?: { signal?: AbortSignal }): Promise<Attempt>;
  attempts(tenant: string, webhookId: string, paging?: Paging): Promise<Page<Attempt>>;
  message(tenant: string, messageId: string): Promise<Message>;
  messageAttempts(tenant: string, messageId: string, paging?: Paging): Promise<Page<Attempt>>;
  /** The JSON text that the webhook's requests for the message carry, byte for byte. */
  payload(tenant: string, messageId: string, webhookId: string): Promise<string>;
  explain(tenant: string, messageId: string, webhookId: string): Promise<Explanation>;
  /** Sends a message again, to one webhook or to all that subscribe to it now. */
  redeliver(
    tenant: string,
    messageId: string,
    options?: { webhookId?: string },
  ): Promise<{ messageId: string; webhookIds: string[] }>;
  /** Sends again, in a job, every delivery of the webhook that failed in that time and still is. */
  recover(tenant: string, webhookId: string, range: TimeRange | string): Promise<Job>;
  /** Sends, in a job, every message accepted in that time that the webhook has missed. */
  replay(tenant: string, webhookId: string, range: TimeRange | string): Promise<Job>;
  /** Has everything removed, in a job, that is kept of the events about one subject. */
  erase(tenant: string, request: { subject: { type: string; id: string | number } } | string): Promise<Job>;
  job(tenant: string, jobId: string): Promise<Job>;
  /** The tenant's jobs, newest first. */
  jobs(tenant: string, paging?: Paging): Promise<Page<Job>>;
  cancelJob(tenant: string, jobId: string): Promise<Job>;
  /** What the tenant has settled for itself. */
  settings(tenant: string): Promise<{ keepBodies: boolean; [field: string]: unknown }>;
  updateSettings(
    tenant: string,
    changes: { keepBodies?: boolean } | string,
  ): Promise<{ keepBodies: boolean; [field: string]: unknown }>;
  eventTypes(): Promise<{ profile: string; eventTypes: string[] }>;

  /** The pump by hand, for serverless: aborting it starts nothing new, and what is in flight is settled first. */
  deliver(options?: { timeMs?: number; attemptsMax?: number; signal?: AbortSignal }): Promise<DeliveryReport>;
  /** Voids every lease: only where no other process is at work on the store. Answers how many lanes were freed. */
  takeOver(): Promise<number>;

  /** Starts the pump in the background. It keeps no finished process alive. */
  start(options?: { signal?: AbortSignal }): this;
  /** Starts nothing new, and resolves when what is in flight has been settled. */
  stop(): Promise<void>;
  /** Tells the pump that there may be something to do: after the commit of a transaction that had an event. */
  signalWork(): void;
  /** Stops the pump, and closes the connections and the store. Nothing can be called any more. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;

  /** Answers one request to the management API. */
  handle(request: ApiRequest, caller: Caller): Promise<ApiResponse>;
  /** The management API for Express, NestJS on Express, and plain `node:http` (there with `mount`, a prefix of the path). */
  middleware<Request extends IncomingMessage = IncomingMessage>(
    options: MiddlewareOptions<Request> & { mount?: string },
  ): (request: Request, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void>;
  /** The management API as a plugin for Fastify's `register`. */
  fastify(options: MiddlewareOptions<any>): (fastify: any) => Promise<void>;
}

/** Records what is accepted and what would be sent. Made by `Hookwright.fake()`. */
export class Fake extends Hookwright<any> {
  readonly accepted: { tenant: string; event: any; messageId: string }[];
  readonly sent: { method: string; url: string; headers: Record<string, string>; body: string | null }[];
  /** What a receiver answers from now on: a status, or an error's kind. Without it everything is a 200. */
  answer(url: string, outcome: number | HttpErrorKind): void;
  /** An event of this type was accepted that has at least these members; answers the first. */
  assertAccepted(type: string, members?: object): { tenant: string; event: any; messageId: string };
  /** No event of this type was accepted, or none at all. */
  assertNotAccepted(type?: string): void;
  /** Delivers what is due, and asserts that a request to this URL would have been sent; answers the first. */
  assertDelivered(url: string, check?: (request: Fake['sent'][number]) => boolean): Promise<Fake['sent'][number]>;
}

export type HttpErrorKind = 'destination-prohibited' | 'dns' | 'connect' | 'tls' | 'timeout' | 'protocol'
  | 'invalid-request' | 'internal';

export interface Verdict {
  verified: boolean;
  kind: 'verified' | 'missing' | 'malformed' | 'mismatch' | 'stale' | 'unverifiable';
  /** One sentence for people. */
  detail: string;
}

/** For receivers: whether a request that came bears a signature that holds. */
export function verify(
  request: {
    method?: string;
    headers: Record<string, string | string[] | undefined> | Iterable<[string, string]>;
    /** The very bytes or text that came. */
    body: string | Uint8Array;
  },
  secrets: string | string[],
  profile?: string | object,
  options?: { toleranceS?: number; world?: { now?: () => bigint } },
): Promise<Verdict>;

export type ErrorKind = 'invalid' | 'too-large' | 'not-found' | 'conflict' | 'forbidden' | 'unavailable'
  | 'transaction-aborted' | 'internal';

/** The component refused a call, or its storage failed. Nothing was changed. `message` is all of it, for people. */
export class HookwrightError extends Error {
  readonly kind: ErrorKind;
  /** One sentence: what was wrong. It quotes the offending value, unless that may be a secret. */
  readonly reason: string;
  /** The field of the input at fault, as a path: `url`, `events[1]`. */
  readonly field?: string;
  /** How to mend it. */
  readonly hint?: string;
}
export class InvalidError extends HookwrightError {}
export class TooLargeError extends HookwrightError {}
export class NotFoundError extends HookwrightError {}
export class ConflictError extends HookwrightError {}
export class ForbiddenError extends HookwrightError {}
export class UnavailableError extends HookwrightError {}
export class TransactionAbortedError extends HookwrightError {}
export class InternalError extends HookwrightError {}
/** An instance ended: a bug of the component or of what it imports. What it had committed is kept. */
export class TrapError extends InternalError {}
