/** `postern dkim sign FILE`: prints the DKIM-Signature fields for a message. */
import type { Command } from 'commander';
import type { HeaderField } from '../../formats/dkim/header-canonical.ts';
import { keyRecordName } from '../../formats/dkim/key-lookup.ts';
import { openSigner, type SignRequest } from '../../formats/dkim/sign.ts';
import { algorithmOf, type SigningKey } from '../../formats/dkim/signing-key.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { readPrivateKeyFile } from '../../partners/keys/private-key-file.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { readMessageFile } from '../terminal/message-file.ts';
import { several } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';

type Options = {
  readonly key: readonly string[];
  readonly selector: readonly string[];
  readonly domain: string;
  readonly identity?: string;
  readonly json?: true;
};

export function registerSign(dkim: Command): void {
  dkim
    .command('sign')
    .summary('print the signature of a message')
    .description(
      'Prints the DKIM-Signature field for a message, exactly as the milter door makes it: ' +
        'relaxed/relaxed, with the whole body, and with From and other fields that are allowed ' +
        'once protected against a second one. Put the field on top of the message. A second ' +
        '--key and --selector give two fields.',
    )
    .argument('<file>', 'the message; -: standard input. Lines may end with LF')
    .requiredOption('--key <file>', 'the private key, RSA or Ed25519; may be given twice', several)
    .requiredOption('--selector <name>', 'selector of the key; in the order of the keys', several)
    .requiredOption('--domain <domain>', 'the domain that signs (d=)')
    .option('--identity <address>', 'the user or agent (i=), in that domain or below it')
    .option('--json', 'one JSON object: fields, each with name and value')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dkim sign mail.eml --key r1.pem --selector r1 --domain example.org', ''],
          [
            '(postern dkim sign mail.eml --key r1.pem --selector r1 --key e1.pem --selector e1 ' +
              '--domain example.org; cat mail.eml) > signed.eml',
            '',
          ],
        ],
        exits: [
          [0, 'signed'],
          [64, 'not as many selectors as keys, or an invalid domain'],
          [65, 'the file is no message that can be signed'],
          [66, 'a file cannot be read'],
          [78, 'a key is weak, has a passphrase, or can be read by everybody'],
        ],
        notes:
          'The message is signed as it is in the file. Postfix later breaks lines longer than ' +
          '998 octets;\n' +
          'the milter door takes that into account, this command does not.',
      }),
    )
    .action(async (file: string, options: Options, command: Command) => {
      const request = requestOf(options);
      const signer = openSigner({ lineLengthLimit: 0 });
      await readMessageFile(file, signer);
      const { promise, resolve, reject } = Promise.withResolvers<readonly HeaderField[]>();
      signer.sign(request, (fault, fields) =>
        fault === undefined ? resolve(fields) : reject(fault),
      );
      const fields = await promise.catch((cause: Error) => {
        throw new OperatorError('unsigned', `${file} cannot be signed: ${cause.message}`, {
          exit: sysexits.dataErr,
        });
      });
      print(command, options.json === true ? jsonLine({ fields }) : fieldsText(fields));
    });
}

function requestOf({ key, selector, domain, identity }: Options): SignRequest {
  if (key.length !== selector.length) {
    throw usage(`${key.length} keys and ${selector.length} selectors: each key needs one selector`);
  }
  const name = domain.toLowerCase();
  const inside = identity === undefined ? name : identity.slice(identity.lastIndexOf('@') + 1);
  if (inside.toLowerCase() !== name && !inside.toLowerCase().endsWith(`.${name}`)) {
    throw usage(`${identity} is not in ${name} or below it`);
  }
  const keys = key.map((path, i): SigningKey => {
    const own = (selector[i] ?? '').toLowerCase();
    if (keyRecordName(own, name) === undefined || !/^[\w.-]+$/.test(name + own)) {
      throw usage(`${own}._domainkey.${name} is no valid DNS name`);
    }
    const { type, sign } = readPrivateKeyFile(path);
    return { domain: name, selector: own, algorithm: algorithmOf(type), sign };
  });
  const octets = identity === undefined ? undefined : Buffer.from(identity).toString('latin1');
  return { keys, now: Date.now(), ...(octets === undefined ? {} : { identity: octets }) };
}

function usage(text: string): OperatorError {
  return new OperatorError('usage', text, { exit: sysexits.usage });
}

function fieldsText(fields: readonly HeaderField[]): string {
  return fields.map(({ name, value }) => `${name}:${value}\n`).join('');
}
