/** The notice of a drill: it says DRILL, what was found, and that it is no incident. */
import type { Notice } from '../../core/notice.ts';

export function drillNotice(of: {
  readonly id: string;
  readonly host: string;
  /** RFC 3339. */
  readonly at: string;
  readonly fine: boolean;
  /** What was found; the first line is a summary. */
  readonly lines: readonly { readonly signal: string; readonly text: string }[];
}): Notice {
  const { at, fine, host, id, lines } = of;
  return {
    version: 1,
    event: 'drill',
    id,
    host,
    at,
    account: '',
    since: at,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: lines,
    undo: '',
    explain: fine ? '' : 'postern drill last',
  };
}
