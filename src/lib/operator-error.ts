/**
 * An error that the operator can fix: a file, an address, a value. It says what is wrong, why, and
 * what to do. `code` is stable (docs/reference/errors.md); `exit` follows sysexits(3).
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly exit: number;

  constructor(
    code: string,
    message: string,
    more: { readonly hint?: string; readonly cause?: unknown; readonly exit?: number } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
    this.exit = more.exit ?? sysexits.software;
  }
}

/** Exit codes of sysexits(3). */
export const sysexits = {
  ok: 0,
  usage: 64,
  dataErr: 65,
  noInput: 66,
  noUser: 67,
  unavailable: 69,
  software: 70,
  osErr: 71,
  cantCreate: 73,
  ioErr: 74,
  tempFail: 75,
  noPerm: 77,
  config: 78,
} as const;
