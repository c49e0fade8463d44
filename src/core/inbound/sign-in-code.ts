/** Whether a subject says that the mail carries a code for signing in. Pure. */

/**
 * Words around codes, in the languages of most senders. Spammers can write them too: so they count
 * only for mail that proves its domain (greylist/passes.ts).
 */
const words: readonly RegExp[] = [
  /\b(?:verification|security|log-?in|sign-?in|confirmation|activation) (?:pass)?(?:code|pin)\b/i,
  /\b(?:one-?time|access|authentication|authorization) (?:pass)?(?:code|pin|word)\b/i,
  /\b(?:otp|2fa|mfa|tan)\b|\b(?:pass|secur)code\b|\byour (?:\S+ ){0,3}(?:code|pin)\b/i,
  /\b\d{4,8}\b.{0,40}\bcode\b|\bcode\b.{0,40}\b\d{4,8}\b/i,
  /(?:bestätigungs|sicherheits|anmelde|verifizierungs|zugangs|einmal)-?(?:code|passwort)/i,
  /code (?:de|d['’]) ?(?:vérification|sécurité|confirmation|connexion|accès)/i,
  /c[óo]digo de (?:verifica|seguridad|seguran[çc]a|acceso|acesso|confirma)/i,
  /codice (?:di )?(?:verifica|sicurezza|accesso|conferma)|(?:verificatie|beveiligings|inlog)code/i,
  /kod (?:weryfikacyjny|bezpieczeństwa)|код (?:подтверждения|проверки|доступа)/i,
  /驗證碼|验证码|認証コード|인증 ?(?:코드|번호)/,
];

export function saysCode(subject: string): boolean {
  return words.some((one) => one.test(subject));
}
