/**
 * Reads OpenDKIM's configuration file (opendkim.conf(5)), and says what its settings mean for an
 * import. Pure; the caller reads the files that it names.
 */

export type OpendkimConf = {
  /** Values by name in lower case. The last setting of a name counts. */
  readonly settings: ReadonlyMap<string, string>;
  /** What could not be read: a sentence each. */
  readonly gaps: readonly string[];
};

/** As OpenDKIM allows. */
const includeDepthMax = 5;
/** A file that includes itself twice would be read without end. */
const includesMax = 100;

/** Reads the settings and the files that `Include` names; relative names are taken from `/`. */
export function readOpendkimConf(
  text: string,
  include: (path: string) => string | undefined,
): OpendkimConf {
  const settings = new Map<string, string>();
  const gaps: string[] = [];
  let included = 0;
  const read = (part: string, depth: number): void => {
    for (const line of part.split(/\r?\n/)) {
      const [, name = '', value] = /^\s*(\S+)\s+(.*?)\s*$/.exec(line.replace(/#.*$/, '')) ?? [];
      if (value === undefined || value === '') continue;
      if (name.toLowerCase() !== 'include') settings.set(name.toLowerCase(), value);
      else {
        const path = value.startsWith('/') ? value : `/${value}`;
        included++;
        const mayRead = depth < includeDepthMax && included <= includesMax;
        const inner = mayRead ? include(path) : undefined;
        if (inner !== undefined) read(inner, depth + 1);
        else if (included <= includesMax) gaps.push(`Include ${value}: cannot be read`);
      }
    }
  };
  read(text, 0);
  if (included > includesMax)
    gaps.push(`Include: more than ${includesMax} files, not all are read`);
  return { settings, gaps };
}

/** Whether a boolean setting is on: only its first letter counts. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^[ty1]/i.test(value);
}

/** Notes about settings that change which mail is signed, or that OpenDKIM does not know. */
export function settingNotes(settings: ReadonlyMap<string, string>): readonly string[] {
  return [...settings].flatMap(([name, value]) => {
    const text = told.get(name);
    if (text !== undefined) return [`${text[0]} ${value}: ${text[1]}`];
    return known.has(name) ? [] : [`${name} ${value}: OpenDKIM has no such setting`];
  });
}

const told = new Map(
  (
    [
      ['DontSignMailTo', 'Postern signs mail to these recipients too'],
      ['SignatureAlgorithm', 'Postern signs RSA keys with rsa-sha256'],
      ['SignatureTTL', 'signatures of Postern do not expire'],
      ['BodyLengthDB', 'signatures of Postern cover the whole body'],
      ['MaximumSignedBytes', 'signatures of Postern cover the whole body'],
      ['ResignMailTo', 'Postern signs only mail that leaves'],
      ['ScreenPolicyScript', 'Postern runs no Lua scripts of OpenDKIM'],
      ['FinalPolicyScript', 'Postern runs no Lua scripts of OpenDKIM'],
    ] as const
  ).map((one) => [one[0].toLowerCase(), one] as const),
);

/** Settings without a meaning for which key signs which mail, and those that are read elsewhere. */
const known = new Set(
  `AllowSHA1Only AlwaysAddARHeader ATPSDomains ATPSHashAlgorithm AuthservID AuthservIDWithJobID
  AutoRestart AutoRestartCount AutoRestartRate Background BaseDirectory BogusKey
  CaptureUnknownErrors Canonicalization ChangeRootDirectory ClockDrift Diagnostics
  DiagnosticDirectory DisableCryptoInit DNSConnect DNSTimeout Domain DomainKeysCompat
  EnableCoredumps ExemptDomains ExternalIgnoreList FixCRLF IdentityHeader IdentityHeaderRemove
  IgnoreMalformedMail InternalHosts KeepAuthResults KeepTemporaryFiles KeyFile KeyTable
  LDAPAuthMechanism LDAPAuthName LDAPAuthRealm LDAPAuthUser LDAPBindPassword LDAPBindUser
  LDAPDisableCache LDAPKeepaliveIdle LDAPKeepaliveInterval LDAPKeepaliveProbes LDAPTimeout
  LDAPUseTLS LocalADSP LogResults LogWhy LuaOnlySigning MacroList MaximumHeaders
  MaximumSignaturesToVerify MilterDebug Minimum MinimumKeyBits Mode MTA MTACommand
  MultipleSignatures MustBeSigned Nameservers NoHeaderB OmitHeaders On-BadSignature On-Default
  On-DNSError On-InternalError On-KeyNotFound On-NoSignature On-Security On-SignatureError
  OversignHeaders PeerList PidFile POPDBFile Quarantine QueryCache RedirectFailuresTo RemoveARAll
  RemoveARFrom RemoveOldSignatures ReplaceHeaders ReplaceRules ReportAddress ReportBccAddress
  RequestReports RequiredHeaders RequireSafeKeys ResignAll ResolverConfiguration ResolverTracing
  SelectCanonicalizationHeader Selector SenderHeaders SenderMacro SendReports SetupPolicyScript
  SignHeaders SigningTable SMTPURI Socket SoftStart SoftwareHeader Statistics StatisticsName
  StatisticsPolicyScript StatisticsPrefix StrictHeaders StrictTestMode SubDomains Syslog
  SyslogFacility SyslogName SyslogSuccess TemporaryDirectory TestDNSData TestPublicKeys
  TrustAnchorFile TrustSignaturesFrom UMask UnboundConfigFile UnprotectedKey UserID
  WeakSyntaxChecks`
    .split(/\s+/)
    .map((name) => name.toLowerCase()),
);
