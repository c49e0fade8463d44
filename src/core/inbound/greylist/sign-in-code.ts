/**
 * Whether a subject says that the message carries a code or link for signing in, in the languages
 * that mail here is likely to be in. Anyone can write this, so it counts only where SPF or DKIM
 * proves the domain, and only against waiting: the content filter's verdict remains.
 */
const codeWords =
  /\b(?:otp|one[- ]time|verif(?:y|ication)|confirm(?:ation)?|security|sign[- ]?in|log[- ]?in|access|auth(?:entication)?)\b.{0,40}\b(?:code|password|pin|link|e-?mail|address|account)\b|\b(?:code|pin|password)\b.{0,30}\b(?:is|:)\s*\d{4,8}\b|\b\d{4,8}\b.{0,20}\bis your\b|\breset\b.{0,20}\bpassword\b|(?:best(?:ä|ae)tigungs|sicherheits|zugangs|anmelde|einmal|verifizierungs)(?:code|kennwort|passwort|link)|code de (?:v(?:é|e)rification|s(?:é|e)curit(?:é|e)|connexion)|c(?:ó|o)digo de (?:verificaci(?:ó|o)n|seguridad|acceso)|codice di (?:verifica|sicurezza|accesso)/iu;

/** Subjects are read up to here: RFC 5322 section 2.1.1 has 998 characters for a line. */
const readMax = 998;

export function saysCode(subject: string): boolean {
  return codeWords.test(subject.slice(0, readMax));
}
