/** Follows the drill's notice by mail through the mail log, until it has left or came back. */
import type { LogEvent } from '../../core/event.ts';
import type { LoggedNotice } from '../../ports/drill/drill.ts';

/** A notice passes a filter or two, and each gives it a new queue id. */
const idsMax = 10;

export class NoticeTrail {
  readonly #ids = new Set<string>();
  readonly #mark: string;
  #seen: LoggedNotice | undefined;

  /** `noticeId`: the id of the notice, which is part of its Message-ID. */
  constructor(noticeId: string) {
    this.#mark = `postern-notice.${noticeId}@`;
  }

  get view(): LoggedNotice | undefined {
    return this.#seen;
  }

  note(event: LogEvent): void {
    if (event.kind === 'named' && event.messageId.includes(this.#mark)) {
      if (this.#ids.size < idsMax) this.#ids.add(event.queueId);
      this.#seen ??= { outcome: 'seen', reply: '' };
    } else if (event.kind === 'delivery' && this.#ids.has(event.queueId)) {
      if (event.requeuedAs !== '') return;
      this.#seen = { outcome: event.outcome, reply: event.reply };
    }
  }
}
