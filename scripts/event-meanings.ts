/**
 * The meaning of each log event, and what to do about it. `make docs` makes
 * docs/reference/log-events.md from this list and the code.
 */

export const eventMeanings: Readonly<Record<string, string>> = {
  'brake.off': 'The brake ended: verdicts are as before.',
  'brake.on':
    'More accounts were stopped within an hour than ever before, or an operator pulled the ' +
    'brake: no account is suspended, and a message is held only if two kinds of evidence agree.',
  'brake.unread': 'What the brake remembered cannot be read. It begins anew.',
  'account.cleared':
    'Postern ended a suspension that was only recorded in mode observe, because the mode is ' +
    'guard now.',
  'account.hijacked':
    'An operator said that a suspended account was hijacked: its mail is refused from now on.',
  'account.not-cleared':
    'A suspension that was only recorded in mode observe could not be ended. Run `postern ' +
    'accounts release NAME --false-alarm`.',
  'account.reminded':
    'A notice reminds you of accounts that are suspended, or whose mail is held, and about ' +
    'which you have not decided yet.',
  'account.suspended':
    'An account was suspended: its mail is held, and put off when much is held. Postern also ' +
    'sends a notice.',
  'account.would-suspend':
    'In mode guard, Postern would have suspended this account. The mode is observe, so its ' +
    'mail passes.',
  'authors.dovecot-not-asked':
    'Dovecot could not tell the folders of users’ mail. Postern asks again in ten minutes; until ' +
    'then only the tables of Postfix say which addresses an account may write as.',
  'authors.foreign':
    'For the first time, an account wrote as an author that nothing allows it to use. No key ' +
    'signed the message (setting `signing.foreign`). If it may, run `postern accounts ' +
    'may-write-as ACCOUNT ADDRESS`. `address` is empty for further addresses of an account with ' +
    'many.',
  'authors.not-asked':
    'The tables of the mail server could not be asked whether an account may write as an ' +
    'address. The last answer counts; without one, the message is not signed with a key of ' +
    'that domain. The field `why` says what failed.',
  'authors.not-read':
    'Postfix could not be asked for its tables of addresses. Postern tries again every few ' +
    'seconds. Until then it uses what it knew before; without that, accounts may write as their ' +
    'own domain and as declared, and other addresses are unknown.',
  'bypass.seen':
    'The mail log shows a message that left and that no door judged, on a way that was not seen ' +
    'before. `postern status` counts such messages; see "Does all mail go through Postern?" in ' +
    'docs/operate.md.',
  'checklist.not-run':
    'The guard could not run the checklist, which it does a minute after its start and once a ' +
    'day. Run `postern checklist` to see why.',
  'command.no-socket':
    'The socket of the commands could not be opened in the state folder. `postern` commands ask ' +
    'over the address of the status page instead.',
  'config.not-reloaded':
    'Postern received SIGHUP, but the configuration file has a fault. The old settings stay ' +
    'in force; run `postern config check`.',
  'config.old-name':
    'The configuration has a name of version 0.1. Use the new name: the next version needs it.',
  'config.reloaded':
    'Postern received SIGHUP and read the configuration file. The settings in `needRestart` ' +
    'change only at a restart.',
  'dkim.key': 'The state of a DKIM key changed; `postern dkim keys` lists all keys.',
  'dkim.key-unusable':
    'The file of a DKIM key cannot be used, so the key does not sign. See `postern dkim keys`.',
  'dkim.not-done':
    'A DKIM record could not be changed, or a key could not be made. Postern tries again at ' +
    'the next step.',
  'dkim.not-kept': 'The ledger could not be written, so the state of a DKIM key did not change.',
  'dkim.sent': 'Postern changed a DKIM record through nsupdate.',
  'dkim.step-failed':
    'The periodic check of DKIM keys failed. This is a mistake in Postern; please report it.',
  'drill.abandoned':
    'The command `postern drill run` went away in the middle of a drill. The guard ends the ' +
    'drill and removes what is left in the queue and the deny file.',
  'drill.begun': 'A drill begins: the canary of [drill] sends mail. No incident.',
  'drill.ended': 'The drill is over.',
  'drill.left':
    'Something of a drill could not be removed from the queue or the deny file; `why` says what. ' +
    'Run `postern drill run --undo`.',
  'drill.step':
    'A step of a drill, such as a suspension of the canary. `step` is the event that it would be ' +
    'for a real account. No incident.',
  'door.changed':
    'A door for Postfix opened or closed while Postern runs, because Postfix was connected or ' +
    'its main.cf changed. The fields are the addresses now.',
  'door.look-failed':
    'Postern could not look where the doors for Postfix must be. This is a mistake in ' +
    'Postern; please report it.',
  'door.moved':
    'The port of a door was in use and no setting requires it, so Postern took a free port.',
  'door.old-address':
    'main.cf names addresses of version 0.1, so Postern listens there too. Run `postern connect ' +
    'postfix` as root: it moves Postfix to Unix sockets, which other users cannot reach.',
  'door.unknown-users':
    'doors.allowed_users has names that this machine does not know. Postern looks again each ' +
    'minute.',
  'filter.unknown-user':
    'The mail log did not tell in time which user handed a message in, so it was judged as mail ' +
    'of this machine.',
  'guard.late':
    'Postern could not finish everything within 10 s of the signal to stop, and stopped anyway.',
  'guard.not-root':
    'Root started Postern, and this user owns the state folder. Postern runs as that user.',
  'guard.ready': 'Postern has started and its doors are open.',
  'guard.stopped': 'Postern stopped in order.',
  'guard.stopping': 'Postern received a signal to stop.',
  'held.gone':
    'Messages are no longer in the hold queue, and neither Postern nor its commands moved them: ' +
    'somebody used `postsuper`, or the queue was emptied. Their entries are marked gone; ' +
    '`postern held list --was gone` shows them.',
  'held.requeued':
    'Somebody requeued a held message (`postsuper -r`), so it got a new queue id. `again` true: ' +
    'Postern holds it again under that id. Else it was delivered before; deliver held mail with ' +
    '`postern held release`.',
  'held.released':
    'Held mail was delivered automatically, because its account sends normally again.',
  'http.crowded':
    'The status page had too many connections. Postern closed the oldest one of `peer`, the user ' +
    'or address with the most. Mail and commands are not affected. Logged at most once a minute; ' +
    '`leftOut` counts the others.',
  'http.failed': 'An HTTP request failed because of a mistake in Postern. Please report it.',
  'http.socket': 'The HTTP door could not accept a connection; the door stays open.',
  'http.wrong-token': 'A client sent a wrong token. Logged at most once a minute for each address.',
  'inbound.failed':
    'The check or the judgement of an incoming message failed, and the message passed without ' +
    'its result. This is a mistake in Postern; please report it.',
  'inbound.forged':
    'A message had Authentication-Results fields that claim to come from this server. ' +
    'Postern removed them. With `refused` there were too many, and the message was refused ' +
    '(held, if it came through sendmail).',
  'inbound.late':
    'The DNS took longer than verify.deadline; results that were missing then are temperror. ' +
    'Logged at most once a minute; `leftOut` counts the cases that were not logged.',
  'inbound.digest-failed': 'Users could not be told what is in quarantine for them; see why.',
  'inbound.left':
    'An incoming message no longer waits. state: the outcome. waitedMs: how long it waited.',
  'inbound.list-unwritten':
    'The list from which the root helper releases waiting mail could not be changed. A message ' +
    'that is not on the list is not held.',
  'inbound.not-moved':
    'Incoming messages that are due could not be released or deleted; Postern tries again every ' +
    '15 seconds.',
  'inbound.quarantined':
    'An incoming message waited and is kept in quarantine. points: the evidence against it.',
  'inbound.told': 'Users were told what is in quarantine for them. mails: how many users.',
  'inbound.untold': 'One user could not be told; the next digest names the messages again.',
  'inbound.waits': 'An incoming message is held for a while. due: when it is judged again.',
  'inbound.unsealed':
    'A message was not sealed (ARC), because the key is missing or does not sign. Logged at ' +
    'most once a minute.',
  'inbound.verified': 'An incoming message was checked; the fields give the result of each method.',
  'incident.not-listed':
    'What got out of an account could not be listed for the notice, which names no recipients. ' +
    '`postern incidents show` lists them.',
  'incident.replies':
    'An account made most of the bad answers of a provider. See `postern incidents show`.',
  'lane.bulk-unchecked':
    'What a bulk sender lacks could not be compared with the DNS. `why` says the cause.',
  'lane.changed':
    'A provider treats our mail in another way: healthy, slowed, blocked or unknown. `why` gives ' +
    'the reason. Run `postern providers show PROVIDER`.',
  'ledger.answer-failed':
    'An answer after a commit failed. This is a mistake in Postern; please report it.',
  'ledger.change-refused':
    'The ledger refused a malformed change. This is a mistake in Postern; please report it.',
  'ledger.check-unfinished':
    'The check of all pages of the ledger did not end: it was stopped, took too long, or could ' +
    'not read the file. It runs again the next day.',
  'ledger.checkpoint-thread-died':
    'The thread that copies the write-ahead log into the ledger file ended. The main thread ' +
    'does this work now.',
  'ledger.copied':
    'Postern copied the ledger before its upgrade. `toGoBack` says how to restore the copy.',
  'ledger.failing':
    'The ledger cannot be written; most often the disk is full. Postern sends a notice and ' +
    'answers mail as ledger.when_failing says.',
  'ledger.log-set-aside':
    'The write-ahead log did not belong to the ledger, so it was renamed and not applied: one of ' +
    'the two files was restored without the other.',
  'ledger.lost':
    'Postern stopped while the ledger could not be written. The fields give the number of lost ' +
    'changes.',
  'ledger.migrated':
    'The ledger was migrated from this version of its format (0: the ledger is new).',
  'ledger.opened': 'Postern opened the ledger.',
  'ledger.prune-failed': 'Old rows could not be deleted from the ledger. Postern tries again.',
  'ledger.recovered': 'The ledger can be written again, and the waiting changes are written.',
  'ledger.statistics-thread-ended':
    'The thread that reads statistics for the status page ended; `why` gives the reason. The ' +
    'next request starts a new thread.',
  'login.not-closed':
    'Postern could not close a login in Dovecot, or could not end its sessions. Change the ' +
    'password of the account now.',
  'login.opened':
    'A login was closed although its account is not suspended. Postern opened it at the start.',
  'login.unread': 'The deny file could not be read at the start. Run `postern doctor`.',
  'maillog.failed':
    'A line of the mail log could not be handled. This is a mistake in Postern; please report ' +
    'it.',
  'maillog.trouble':
    'A mail log is missing or unreadable, or lines were skipped. Logged once an hour for ' +
    'each log and kind of fault. Run `postern doctor`.',
  'message.stopped':
    'A message was held, delayed or refused. The fields give the verdict, the state of the ' +
    'account and the strongest reason. With `observed` the message was delivered anyway, ' +
    'because the mode is observe.',
  'scripts.direct-failed':
    'Finding the script behind a local SMTP message failed. This is a mistake in Postern; ' +
    'the client tries again. Please report it.',
  'reflection.answer-dropped':
    'An automatic answer (vacation) of this server was discarded; observed: would have been. ' +
    'why: the reason.',
  'reflection.failed': 'Returned mail could not be judged by a fault of Postern; it passed.',
  'reflection.unproven':
    'Returned mail came in that does not prove that this server sent the original. refused: ' +
    'whether it was refused.',
  'scan.down':
    'A scanner failed three times in a row, so Postern does not ask it. Until it answers ' +
    'again, mail is treated as scan.when_down says.',
  'scan.too-big':
    'A message was too big for a scanner, so it is judged without it. The scanner works. Logged ' +
    'for the first such message. Raise the limit of the scanner (clamd: StreamMaxLength) to ' +
    'scan.clamav_bytes_max or more.',
  'scan.up': 'A scanner answers again, so Postern uses it again.',
  'messages.damaged':
    'A day file of what became of messages was damaged. Postern put it aside (`.damaged`) and ' +
    'began a new one. The old one is removed with its day.',
  'messages.forgotten': 'An operator had the address of a person removed (`postern forget`).',
  'messages.not-removed':
    'A day file whose time is over could not be removed or cut down. Postern tries again every ' +
    'ten minutes; see `why`.',
  'messages.removed':
    'Day files whose time was over were removed, cut down to the mail of incidents, or lost ' +
    'their readable addresses (docs/privacy.md).',
  'messages.thread-ended':
    'The thread that records what became of messages ended and is started again. Mail is not ' +
    'affected.',
  'milter.bad-edit':
    'Postern made a malformed header field and left it out of the message. This is a mistake ' +
    'in Postern; please report it.',
  'milter.claimed-login':
    'A client said by XCLIENT that somebody had logged in. It is not believed, because programs ' +
    'of any user of this machine can say so: see `postern doctor`. The mail counts for client:?.',
  'milter.no-edits':
    'The mail server does not allow this milter to change headers, so mail is neither signed ' +
    'nor verified. Logged once after each start.',
  'milter.unlisted-client':
    'A client sent mail out without a login, and as far as Postern knows it is neither in ' +
    'mynetworks nor in accounts.client_networks. The mail was judged but not signed.',
  'milter.unread':
    'Signing or verifying a message took too long, so it continued without a signature or a ' +
    'result.',
  'message.signing':
    'An outgoing message was signed, or was not signed for the reason given. `domain` is the ' +
    'domain of the key.',
  'milter.no-answer':
    'There was no verdict in time. The client got a temporary error (4xx) and tries again.',
  'milter.no-quarantine':
    'The mail server does not allow this milter to hold mail. The client got a temporary ' +
    'error (4xx) instead and tries again.',
  'notice.dropped':
    'A notice was not sent any more: of held mail, because the account was suspended meanwhile; ' +
    'to an owner, because notices.owners is off now.',
  'notice.given-up': 'A notice failed too often on this channel, and Postern gave it up.',
  'notice.not-taken': 'A notice could not be sent on this channel. Postern tries again.',
  'notice.owner-untold':
    'The owner of an account was not told of its mail, because 200 owners were told in this hour.',
  'notice.sent': 'A notice was sent.',
  'peer.refused':
    'A peer tried to connect to a door that only the mail server may use, and was refused. `uid` ' +
    'is its user. If it is your mail server, add its user to doors.allowed_users, or its address ' +
    'to doors.allowed_clients.',
  'policy.no-answer': 'A policy request got no answer in time, and Postern closed the connection.',
  'postfix.connected':
    '`postern connect postfix` recorded the configuration of the mail server and its local ' +
    'domains.',
  'postfix.asked': 'Postfix was asked again for its domains, clients and transports.',
  'postfix.not-asked':
    'Postfix could not be asked for its domains, clients and transports; the last answer counts.',
  'postfix.unread': 'A file about the connected Postfix could not be read.',
  'probation.no-key':
    'An account on probation had no key of its own, as none was ready for this domain; the key ' +
    'of the domain signed. Logged once an hour for each domain. See `postern doctor`.',
  'probation.not-revoked':
    'The keys of a suspended account could not be revoked. Postern tries again each minute.',
  'probation.revoked':
    'An account was suspended, so its keys were revoked: copies of its mail no longer verify.',
  'queue.not-counted': 'Postern could not read from the queue which held mail was already sent.',
  'queue.not-held':
    'Queued mail of a suspended account could not be put on hold and may still be sent. Run ' +
    '`postern doctor`.',
  'recipients.budget':
    'A login asked for 10,000 recipients in an hour from one network without sending to them. ' +
    'Until this fades, its recipients from there are answered with 451. Look at what sends there.',
  'recipients.full':
    'The policy door answered recipients with 451, because too many are reserved by messages ' +
    'that are not complete. At most once a minute.',
  'release.unfinished':
    'After a release, a login could not be opened or held mail could not be delivered. ' +
    'Release the account again; the next start tries again too.',
  'reminders.failed':
    'The reminders of accounts that wait for a decision could not be made; the next minute tries ' +
    'again.',
  'review.failed': 'The check of held mail, which runs every minute, failed. Postern tries again.',
  'sendmail.not-handed-over':
    'The mail server’s own sendmail did not take a message of a script. Postern tries again ' +
    'every few seconds.',
  'sendmail.not-kept':
    'The ledger could not be written. If Postern is killed now, a message of a script may be ' +
    'sent twice.',
  'sendmail.not-opened':
    'The sendmail door could not be opened with the changed configuration. Messages of ' +
    'programs wait in the spool.',
  'sendmail.not-written':
    'A message of a program could not be written to the state folder and stays in the spool.',
  'sendmail.resumed':
    'Postern continues with messages of scripts from before the start. Each is delivered once.',
  'sendmail.spool-bad':
    'Files in the spool that are not messages of their user were removed. `why` describes ' +
    'the first.',
  'sendmail.spool-trimmed':
    'Entries of this user were removed from the spool: they are no messages, or are beyond twice ' +
    'what postern-sendmail leaves there.',
  'sendmail.spool-unread': 'The spool could not be read. Postern tries again every few seconds.',
  'sendmail.unreadable':
    'The file of a message of a script cannot be read. The file stays where it is, and the ' +
    'message is not sent.',
  'sendmail.unseen':
    'The mail server took a message from Postern but never passed it to the milter door. ' +
    'Either it discarded the message (header_checks), or Postern is not in its ' +
    'non_smtpd_milters.',
  'signing.failed':
    'A message was sent unsigned, because a key or the signing failed. Logged once a minute ' +
    'for each domain; `leftOut` counts the others.',
  'suspension.step-failed':
    'The steps after a suspension (queue, login, notice) were cut off by a fault in the ' +
    'ledger or in Postern. The next start finishes them.',
  'systemd.unreached':
    'systemd-notify could not be run. Without it, the watchdog of systemd restarts Postern.',
  'token.mode-changed':
    'Other users could use a file with a token, so Postern set its mode to 0600. If another user ' +
    'may have read it, delete the file and restart Postern, which makes a new token.',
  'token.replaced':
    'A file with a token could not be used, and `why` says for what reason. Postern made a new ' +
    'token: sign in to the status page again, or give the new metrics token to Prometheus.',
  'trouble.begun':
    'A part of the guard does not work as it should. The operator gets a notice, and ' +
    '/health is not ok.',
  'trouble.over': 'The part works again.',
  'webmail.failed':
    'The person behind a webmail could not be looked for. This is a mistake in Postern; please ' +
    'report it. The message is tried again by its sender.',
};

/** Meanings of the faults of a listener, such as `milter.slow`. */
export const faultMeanings: Readonly<Record<string, string>> = {
  bug: 'A mistake in Postern ended one session. Please report it with the stack.',
  full: 'A connection was refused because doors.sessions_max connections are open.',
  idle: 'A connection was idle for too long and was closed; Postfix opens another.',
  many:
    'A connection was refused because its peer, which is not the mail server of this machine, ' +
    'already has a quarter of doors.sessions_max connections.',
  protocol: 'A peer broke the protocol, and its session was closed.',
  slow: 'A peer was too slow to send a request or to read an answer, and its session was closed.',
};
