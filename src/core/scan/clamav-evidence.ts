/**
 * Findings of ClamAV that are evidence against an account, and no virus: heuristics, programs that
 * are only unwanted (PUA), phishing, and signatures of third parties, which also find spam and
 * newsletters. Honest mail has them too, for example that of a customer who forwards the mail of a
 * bank. `*` matches any text. The list in scan.clamav_evidence replaces this one.
 */
export const clamavEvidence: readonly string[] = [
  ...['Heuristics.*', 'PUA.*', 'Phishing.*', '*.Phishing.*', '*.Phish.*', 'Safebrowsing.*'],
  // Sets of signatures that many install beside ClamAV's own.
  ...['Sanesecurity.*', 'SecuriteInfo.*', 'winnow.*', 'bofhland.*', 'Porcupine.*', 'MBL_*'],
  ...['INetMsg.*', 'ScamNailer.*', 'doppelstern.*', 'Doppelstern.*', 'crdfam.*', 'Phishtank.*'],
  ...['MiscreantPunch.*', 'TwinWave.*', 'URLhaus.*', 'interServer.*', 'phish.*', 'YARA.*'],
  '{HEX}*',
];
