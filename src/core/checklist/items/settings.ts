/** What the configuration itself shows: parts of Postern that are switched on or off. Pure. */
import { type Finding, fine } from '../../finding.ts';

export type SettingFacts = {
  /** The guard is a service of systemd; undefined: this machine has no systemd. */
  readonly service: boolean | undefined;
  readonly contact: string;
  readonly usualContact: string;
  readonly sendmailDoor: string;
  readonly verify: { readonly enabled: boolean; readonly arc: boolean };
  readonly stance: string;
  readonly hasScanner: boolean;
};

export function settingFindings(facts: SettingFacts): readonly Finding[] {
  return [service(facts), contact(facts), door(facts), ...verify(facts), stance(facts)];
}

/** Beside the findings about scanners, which there are none of without a scanner. */
export function scannerFindings({ hasScanner }: SettingFacts): readonly Finding[] {
  if (hasScanner) return [];
  const found = 'no scanner is configured';
  const fix = 'postern connect spamassassin, or set scan.rspamd or scan.clamav in postern.toml';
  const [id, title] = ['scan.none', 'Scanners'];
  return [{ id, kind: 'warn', title, found, wanted: 'a scanner', fix }];
}

function service({ service: isService }: SettingFacts): Finding {
  const [id, title] = ['guard.service', 'Service'];
  if (isService === true) return fine(id, title, 'systemd starts it with the machine');
  const wanted = 'postern.service, enabled';
  if (isService === undefined) {
    const fix = 'let the init system of this machine start Postern';
    const found = 'this machine has no systemd, so Postern cannot tell';
    return { id, kind: 'unknown', title, found, wanted, fix };
  }
  const found = 'not installed: after a restart of the machine the guard does not run';
  return { id, kind: 'warn', title, found, wanted, fix: 'sudo postern install' };
}

function contact({ contact: name, usualContact }: SettingFacts): Finding {
  const [id, title] = ['guard.contact', 'Contact'];
  if (name !== usualContact) return fine(id, title, name);
  const found = `refusals say "${usualContact}", as contact is not set`;
  const fix = 'set contact in postern.toml to an address or a number that users can reach';
  return { id, kind: 'warn', title, found, wanted: 'an address or a telephone number', fix };
}

function door({ sendmailDoor }: SettingFacts): Finding {
  const [id, title] = ['sendmail.door', 'Mail of scripts'];
  if (sendmailDoor !== 'off') return fine(id, title, `goes through ${sendmailDoor}`);
  const found = 'the sendmail door is off: such mail counts for its user, its script is not known';
  const fix =
    'sudo postern connect sendmail; if Postern runs from a checkout, first: sudo postern install';
  return { id, kind: 'warn', title, found, wanted: 'a door', fix };
}

const verifyOff =
  'off: nothing says which incoming mail is forged, and the guard takes people who wrote first ' +
  'for strangers when they are answered';

function verify({ verify: { arc, enabled } }: SettingFacts): readonly Finding[] {
  const findings: Finding[] = [];
  const off = (id: string, found: string, setting: string): Finding => ({
    id,
    kind: 'warn',
    title: setting,
    found,
    wanted: `${setting} = true`,
    fix: `set ${setting} = true in postern.toml`,
  });
  findings.push(
    enabled
      ? fine('verify.enabled', 'verify.enabled', 'on')
      : off('verify.enabled', verifyOff, 'verify.enabled'),
    arc && enabled
      ? fine('verify.arc', 'verify.arc', 'all checked mail is sealed')
      : off('verify.arc', 'off; it helps only mail that this server forwards', 'verify.arc'),
  );
  return findings;
}

function stance({ stance: set, verify: { enabled } }: SettingFacts): Finding {
  const [id, title] = ['inbound.stance', 'Mail of strangers'];
  if (set !== 'observe' && enabled) return fine(id, title, `inbound.stance = "${set}"`);
  const found = enabled
    ? 'observed only (inbound.stance = "observe"); postern inbound list shows what would be done'
    : 'delivered as it is, because verify.enabled is off';
  const fix = enabled
    ? 'when the list is right, set inbound.stance = "auto" in postern.toml'
    : 'first set verify.enabled = true in postern.toml';
  return { id, kind: 'warn', title, found, wanted: 'auto, wait or defer', fix };
}
