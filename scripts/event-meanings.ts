/**
 * What each event in the log means and what to do about it. The reference page is made from this
 * and from the code.
 */

export const eventMeanings: Readonly<Record<string, string>> = {
  'account.cleared':
    'A suspension that was only noted in mode observe is ended, because the mode is guard now.',
  'account.not-cleared':
    'A suspension that was only noted could not be ended: `postern accounts release` does it.',
  'account.suspended': 'An account was suspended. The operator is told by notice too.',
  'account.would-suspend': 'In mode observe: an account would have been suspended.',
  'config.not-reloaded':
    'SIGHUP came, but the file has an error: the settings stay. See `postern config check`.',
  'config.old-name':
    'The configuration has a name of version 0.1. Use the new name: the next version needs it.',
  'config.reloaded':
    'SIGHUP came and Postern read the file. `needRestart`: settings that change only at a restart.',
  'dkim.key': 'A DKIM key came into another state; `postern dkim keys` tells all.',
  'dkim.key-unusable': 'The file of a DKIM key that should sign cannot be used: it does not sign.',
  'dkim.not-done':
    'A DKIM record could not be changed, or a key not be made; it is tried again at the next step.',
  'dkim.not-kept': 'The ledger could not be written, so a DKIM key stays in the state it was in.',
  'dkim.sent': 'A DKIM record was changed by nsupdate.',
  'dkim.step-failed': 'Looking after the DKIM keys failed: a mistake in Postern. Please report it.',
  'door.moved':
    'The port of a door was taken, and nobody had insisted on it: a free one was taken instead.',
  'guard.late': 'Postern did not finish within 10 s of the signal to end, and ended anyway.',
  'guard.ready': 'The doors are open.',
  'guard.stopped': 'Postern ended in order.',
  'guard.stopping': 'Postern received a signal to end.',
  'held.released': 'Held mail of an account that has calmed down left by itself.',
  'http.failed': 'A request failed inside Postern. Please report it.',
  'http.socket': 'The HTTP door had trouble taking a connection; it stays open.',
  'http.wrong-token': 'Somebody brought a wrong token. Once a minute and address at most.',
  'inbound.failed':
    'A mistake in Postern while mail that came in was checked: it went on without a result. Please report it.',
  'inbound.forged':
    'Mail brought so many Authentication-Results fields along in our name. They were taken out; `refused`: they are too many, and the message was refused (held, if it came by sendmail).',
  'inbound.late':
    'The DNS took longer than verify.deadline: what was not known by then was told as temperror. Once a minute at most; `leftOut` says how often it was not.',
  'inbound.unsealed':
    'A message was not sealed (ARC) because its key does not sign or is not there. Once a minute at most.',
  'inbound.verified': 'A message came in and was checked: what each method said.',
  'ledger.answer-failed': 'A mistake in Postern while answering after a commit. Please report it.',
  'ledger.change-refused': 'The ledger refused one change as malformed: a mistake in Postern.',
  'ledger.checkpoint-thread-died':
    'The thread that folds the write-ahead log into the file ended; the main thread does it now.',
  'ledger.copied':
    'The ledger was copied before its upgrade; `toGoBack` says how to take the copy back.',
  'ledger.failing': 'The ledger takes no writes. Mostly the disk is full. A notice goes out.',
  'ledger.lost': 'Postern ended while the ledger took no writes: so many changes are lost.',
  'ledger.migrated': 'The ledger was brought up to date from this version of its format.',
  'ledger.opened': 'The ledger is open.',
  'ledger.prune-failed': 'Old rows could not be deleted; it is tried again.',
  'ledger.recovered': 'The ledger takes writes again; what waited is written.',
  'ledger.statistics-thread-ended':
    'The thread that reads statistics for the status page ended, `why` says how; the next question starts another.',
  'login.not-closed': 'A login could not be closed in Dovecot: change the password by hand.',
  'login.opened':
    'A login was still closed though its account is not suspended; the start opened it.',
  'login.unread': 'The deny file could not be read at the start: see `postern doctor`.',
  'maillog.failed': 'A mistake in Postern with one line of the mail log. Please report it.',
  'maillog.trouble':
    'A mail log is not there, may not be read, or lines of it were passed over; once an hour for each log and trouble. See `postern doctor`.',
  'message.stopped':
    'A message was not simply passed: verdict, state of its account, and the strongest reason. `observed`: it passed all the same.',
  'scripts.direct-failed':
    'Whose mail of this machine itself it is was found out, and then something was wrong in the program; the client tries again.',
  'scan.down':
    'A scanner failed three times in a row: it is left alone, and mail does what scan.when_down says, until it answers again.',
  'scan.up': 'A scanner answers again: mail is shown to it.',
  'milter.bad-edit':
    'A header that Postern wanted to put into a message was none, and was left out: a mistake in Postern, please report it.',
  'milter.no-edits':
    'The mail server lets this milter change no headers: mail is neither signed nor verified. Once per start.',
  'milter.unlisted-client':
    'Mail left without a login for a client that is neither in mynetworks nor in accounts.client_networks, as far as is known: judged, and not signed.',
  'milter.unread': 'Signing or verifying a message took too long; it went on without.',
  'message.signing': 'An outgoing message was signed, or not and why; `domain` is the key’s.',
  'milter.no-answer': 'A verdict did not come in time; the client is asked to come again.',
  'milter.no-quarantine':
    'The mail server does not let this milter hold mail; the client is asked to come again instead.',
  'notice.given-up': 'A notice was refused too often by this road and is not tried again.',
  'notice.not-taken': 'A notice was not taken by this road; it is tried again.',
  'notice.sent': 'A notice was taken.',
  'policy.no-answer': 'A policy request got no answer in time; the connection was closed.',
  'postfix.connected':
    '`postern connect postfix` has told about the mail server: which configuration, which domains stay here.',
  'postfix.unread': 'A file about the connected Postfix could not be read.',
  'queue.not-counted':
    'What of the held mail had been sent already could not be read from the queue.',
  'queue.not-held':
    'Queued mail of a suspended account could not be put on hold. See `postern doctor`.',
  'release.unfinished':
    'A login could not be opened, or held mail not let go, after a release. The next start tries again; releasing once more does too.',
  'review.failed': 'The look that is taken every minute at held mail failed; it is taken again.',
  'sendmail.not-handed-over':
    'The mail server’s own sendmail did not take a message of a script; it is tried again every few seconds.',
  'sendmail.not-kept':
    'The ledger could not be written: if Postern is killed now, a message of a script may be sent twice.',
  'sendmail.not-opened':
    'The sendmail door could not be opened as the changed configuration says. What programs send waits in the spool.',
  'sendmail.not-written':
    'A message of a program could not be written to the state folder: it was left in the spool.',
  'sendmail.resumed': 'Messages of scripts from before the start: each goes on, once.',
  'sendmail.spool-bad':
    'Files of the spool were no messages of their user, and were removed. `why` is said of the first.',
  'sendmail.spool-unread': 'The spool could not be read; it is tried again every few seconds.',
  'sendmail.unreadable':
    'A file of a message on its way cannot be read: it is left where it is, and the message does not go on.',
  'sendmail.unseen':
    'The mail server never showed a message that it took from us: it threw it away by itself (header_checks), or Postern is not in its non_smtpd_milters.',
  'signing.failed':
    'A message went out unsigned because a key or the signing failed. Once a minute and domain; `leftOut` tells of how many more.',
  'suspension.step-failed':
    'What follows a suspension was cut off by a fault in the ledger or in Postern; the next start does it.',
  'systemd.unreached':
    'systemd-notify could not be run; without it the watchdog ends this process.',
};

/** Fault of a listener, `milter.slow` and the like. */
export const faultMeanings: Readonly<Record<string, string>> = {
  bug: 'A mistake in Postern ended one session. Please report it, with the stack.',
  full: 'A connection was refused because there are as many as doors.sessions_max already.',
  idle: 'A connection on which nothing happened for too long was closed; Postfix opens another.',
  protocol: 'A peer did not keep to the protocol; its session was closed.',
  slow: 'A peer took too long over a request, or to take its answer; its session was closed.',
};
