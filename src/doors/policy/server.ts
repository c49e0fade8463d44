/**
 * The policy door answers Postfix's check_policy_service at RCPT, DATA and END-OF-MESSAGE.
 *
 * It never answers OK, because OK skips the operator's remaining restrictions. At END-OF-MESSAGE it
 * always answers DUNNO: a refusal there comes after the milter's answer, and has let messages past
 * the milter. It does not answer a request that it cannot read; Postfix then does what
 * smtpd_policy_service_default_action says.
 */

import type { DefaultDomain } from '../../core/account-name.ts';
import { smtpReply } from '../../formats/smtp/reply.ts';
import { unreachable } from '../../lib/assert.ts';
import {
  type ListenAddress,
  type Listener,
  type ListenerHooks,
  type ListenerLimits,
  openListener,
  type PeerConnection,
  type PeerSession,
  type PeerSessionState,
} from '../../lib/listener.ts';
import { faultLog, fullTrouble } from '../../lib/listener-log.ts';
import { printableLine } from '../../lib/peer-text.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { Answer, PolicyHandler, PolicyRequest } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { Count, Log } from '../../ports/world.ts';
import { parsePolicyRequest, RequestReader } from './request.ts';

export type PolicyDeps = {
  readonly handler: PolicyHandler;
  readonly log: Log;
  readonly count: Count;
  /** As of the listener: says who may connect; without it, any may. */
  readonly admit?: ListenerHooks['admit'];
  /** Told when the door is full. */
  readonly troubles?: Pick<Troubles, 'set'>;
  /** Appended to logins without a domain. */
  readonly defaultDomain?: DefaultDomain;
  /** As of the milter door. */
  readonly believesXclient?: () => boolean;
  /**
   * The connection is closed after this time without an answer. Postfix waits 100 s
   * (smtpd_policy_service_timeout).
   */
  readonly answerMs?: number;
  readonly limits?: Partial<ListenerLimits>;
  /** Numbers the connections, where several doors have one handler. */
  readonly nextConnection?: () => number;
};

const defaultLimits: ListenerLimits = {
  // One connection for each smtpd(8) process, in each service that asks.
  connectionsMax: 2_000,
  // Postfix connects only when it has a request.
  firstMs: 30 * secondMs,
  partialMs: 30 * secondMs,
  // Postfix closes after 300 s without a request (smtpd_policy_service_max_idle).
  idleMs: 10 * minuteMs,
  // It closes after the milter doors, and both must fit into the time for an orderly end.
  drainMs: 3 * secondMs,
};

const answerMsDefault = 30 * secondMs;
/**
 * An SMTP reply line has at most 512 bytes (RFC 5321 section 4.5.3.1.5), and Postfix puts an
 * address before the text.
 */
const textLengthMax = 300;

/** Opens the door; `close` or `await using` shuts it. */
export function openPolicy(where: ListenAddress, deps: PolicyDeps): Promise<Listener> {
  const { admit, log, count, troubles } = deps;
  let connections = 0;
  const next = deps.nextConnection ?? (() => ++connections);
  return openListener(
    where,
    { ...defaultLimits, ...deps.limits },
    {
      admit,
      full: fullTrouble('policy', (part, why) => troubles?.set(part, why)),
      open: (line) => new PolicyTalk(next(), line, deps),
      fault: faultLog('policy', log, count),
    },
  );
}

class PolicyTalk implements PeerSession {
  readonly #connection: number;
  readonly #line: PeerConnection;
  readonly #deps: PolicyDeps;
  readonly #reader: RequestReader;
  #requests = 0;
  /** The request that waits for its answer. The handler may answer before `ask` returns. */
  #asked: PolicyRequest | undefined;
  #asking = false;
  #waitedMs = 0;

  constructor(connection: number, line: PeerConnection, deps: PolicyDeps) {
    this.#connection = connection;
    this.#line = line;
    this.#deps = deps;
    this.#reader = new RequestReader((bytes) => this.#request(bytes));
  }

  take(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  requests(): number {
    return this.#requests;
  }

  state(): PeerSessionState {
    if (this.#asked !== undefined) return 'answering';
    if (this.#requests === 0) return 'fresh';
    return this.#reader.partial ? 'partial' : 'idle';
  }

  tick(ms: number): void {
    if (this.#asked === undefined) return;
    this.#waitedMs += ms;
    if (this.#waitedMs < (this.#deps.answerMs ?? answerMsDefault)) return;
    this.#asked = undefined;
    this.#deps.count('postern_policy_faults_total', 1, 'answer');
    this.#deps.log('error', 'policy.no-answer', { waitedMs: this.#waitedMs });
    this.#line.end();
  }

  gone(): void {
    this.#asked = undefined;
    this.#deps.handler.gone(this.#connection);
  }

  /** Handles a request. Returns whether the next one may be read. */
  #request(bytes: Buffer): boolean {
    this.#requests++;
    const { believesXclient, defaultDomain = '' } = this.#deps;
    const request = parsePolicyRequest(bytes, defaultDomain, believesXclient);
    this.#deps.count('postern_policy_requests_total', 1, request.stage);
    if (request.stage === 'other') {
      // VRFY, ETRN, EHLO and unknown states: Postern has no opinion.
      this.#line.write(line('DUNNO'));
      return true;
    }
    this.#asked = request;
    this.#waitedMs = 0;
    this.#asking = true;
    this.#deps.handler.ask(this.#connection, request, (answer) => this.#answered(request, answer));
    this.#asking = false;
    return this.#asked === undefined;
  }

  /** Sends the answer. Only the first one counts, and none after the connection has ended. */
  #answered(request: PolicyRequest, answer: Answer): void {
    if (this.#asked !== request) return;
    this.#asked = undefined;
    const bytes = line(request.stage === 'END-OF-MESSAGE' ? 'DUNNO' : actionOf(answer));
    if (this.#asking) this.#line.write(bytes);
    else {
      this.#line.run(() => {
        this.#line.write(bytes);
        this.#reader.resume();
      });
    }
  }
}

function line(action: string): Buffer {
  return Buffer.from(`action=${action}\n\n`, 'latin1');
}

/** The access(5) action of an answer. */
function actionOf(answer: Answer): string {
  switch (answer.kind) {
    case 'pass':
      return 'DUNNO';
    case 'hold':
      return `HOLD ${printableLine(answer.reason, textLengthMax) || 'held by policy'}`;
    case 'reply':
      return smtpReply(answer, textLengthMax);
    default:
      return unreachable(answer);
  }
}
