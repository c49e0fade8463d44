/**
 * A real contact form in PHP, by CGI and by FastCGI, run as the customer whose website it is.
 * Written as many are: what the visitor typed goes into a header field as it came.
 */
import { readdirSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type Leashed, leash } from './leash.ts';
import { type Ran, type Run, runAs } from './sendmail-server.ts';

export type Fields = Readonly<Record<string, string>>;

/**
 * To the shop's owner; a copy to the visitor, who is asked for in `copy`. `X-Test-Id` is for the
 * sink.
 */
export const contactForm = `<?php
$headers = "From: Shop <form@shop.test>\\nReply-To: " . $_POST['email'];
$headers .= "\\nX-Test-Id: " . $_POST['id'];
if (!empty($_POST['copy'])) $headers .= "\\nCc: " . $_POST['email'];
$text = "Name: " . $_POST['name'] . "\\nEmail: " . $_POST['email'];
$text .= "\\n\\n" . $_POST['message'] . "\\n";
echo mail('owner@shop.test', $_POST['subject'], $text, $headers) ? 'thank you' : 'sorry';
`;

/** Sends to as many as it is told, ten a message: what an uploaded mailer does. */
export const mailer = `<?php
for ($n = 0; $n < (int) $_POST['messages']; $n++) {
  $to = [];
  for ($i = 0; $i < 10; $i++) $to[] = "s" . ($n * 10 + $i) . "@stranger.test";
  $headers = "From: win@shop.test\\nX-Test-Id: run";
  echo mail(implode(', ', $to), 'Win now', "Click here $n", $headers) ? '.' : 'x';
}
`;

/** A website's folder with these files, all its user's. */
export async function website(
  folder: string,
  uid: number,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    await chown(join(folder, name), uid, uid);
  }
}

type Post = {
  readonly script: string;
  readonly uid: number;
  readonly sendmail: string;
  readonly fields: Fields;
  /** Runs the program; where it is not given, as anywhere. */
  readonly run?: (program: string, how: Run) => Promise<Ran>;
};

/** Submits the form by CGI; answers with the page. */
export async function postByCgi({
  script,
  uid,
  sendmail,
  fields,
  run = runAs,
}: Post): Promise<Ran> {
  const input = new URLSearchParams(fields).toString();
  return run('/usr/bin/php-cgi', {
    uid,
    input,
    cwd: join(script, '..'),
    args: ['-d', `sendmail_path=${sendmail} -t -i`, '-d', 'mail.add_x_header=1'],
    env: { ...cgi(script, input), REDIRECT_STATUS: '200' },
  });
}

function cgi(script: string, input: string): Readonly<Record<string, string>> {
  return {
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: 'POST',
    SCRIPT_FILENAME: script,
    SCRIPT_NAME: '/contact.php',
    CONTENT_TYPE: 'application/x-www-form-urlencoded',
    CONTENT_LENGTH: String(input.length),
  };
}

export type Fpm = AsyncDisposable & {
  post(script: string, fields: Fields): Promise<Ran>;
};

/** php-fpm with one pool of this user. */
export async function startFpm(about: {
  readonly dir: string;
  readonly uid: number;
  readonly sendmail: string;
}): Promise<Fpm> {
  const { dir, uid, sendmail } = about;
  const [socket, config] = [join(dir, 'fpm.socket'), join(dir, 'fpm.conf')];
  await writeFile(
    config,
    `[global]
error_log = ${join(dir, 'fpm.log')}
daemonize = no
[shop]
user = ${uid}
group = ${uid}
listen = ${socket}
pm = static
pm.max_children = 1
php_admin_value[sendmail_path] = ${sendmail} -t -i
php_admin_value[mail.add_x_header] = 1
`,
  );
  const name =
    readdirSync('/usr/sbin')
      .sort()
      .find((one) => /^php-fpm[\d.]+$/.test(one)) ?? 'php-fpm';
  const fpm: Leashed = leash(`/usr/sbin/${name}`, ['-n', '-F', '-y', config], {
    detaches: false,
    graceMs: 4_000,
  });
  await eventually(
    'php-fpm listens',
    async () => readdirSync(dir).includes('fpm.socket') || undefined,
    {
      detail: async () => fpm.output(),
    },
  );
  return {
    post(script, fields) {
      const input = new URLSearchParams(fields).toString();
      const args = ['-bind', '-connect', socket];
      return runAs('/usr/bin/cgi-fcgi', { args, input, env: cgi(script, input) });
    },
    [Symbol.asyncDispose]: () => fpm.stop(),
  };
}
