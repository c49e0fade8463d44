/** Which jails of fail2ban are enabled, from its configuration files. Pure. */

/** `texts`: jail.conf, then the files that override it, in the order in which fail2ban reads. */
export function enabledJails(texts: readonly string[]): readonly string[] {
  const enabled = new Map<string, string>();
  for (const text of texts) {
    let section = '';
    for (const line of text.split(/\r?\n/)) {
      section = /^\[([^\]]+)\]/.exec(line)?.[1] ?? section;
      const value = /^enabled\s*[=:]\s*(\S+)/.exec(line)?.[1];
      if (section !== '' && value !== undefined) enabled.set(section, value);
      else if (section !== '' && !enabled.has(section)) enabled.set(section, '');
    }
  }
  const usual = enabled.get('DEFAULT') ?? '';
  const isOn = (value: string): boolean => /^(?:true|yes|on|1)$/i.test(value || usual);
  return [...enabled]
    .filter(([name, value]) => name !== 'DEFAULT' && name !== 'INCLUDES' && isOn(value))
    .map(([name]) => name);
}
