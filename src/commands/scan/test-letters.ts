/**
 * Letters by which one sees whether a scanner scans: bad ones by agreement, and an ordinary one.
 */
import type { ScannerName, ScanReport } from '../../core/scan/report.ts';

// In parts, so that no scanner minds this file.
const gtube = ['XJS*C4JDBQADN1.NSBN3*2IDNEN*', 'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL', '*C.34X'];
const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'];

/** "Generic Test for Unsolicited Bulk Email"; for ClamAV the test file of EICAR. */
export function badLetter(name: ScannerName, now: Date): Buffer {
  return letter((name === 'clamav' ? eicar : gtube).join(''), now);
}

export function ordinaryLetter(now: Date): Buffer {
  return letter('Shall we have lunch together tomorrow?', now);
}

/** Does it say what it should of the bad letter? */
export function isKnown({ score, required, virus }: ScanReport): boolean {
  return virus !== '' || (required > 0 && score >= required);
}

function letter(text: string, now: Date): Buffer {
  return Buffer.from(
    'From: postern@localhost\r\nTo: postern@localhost\r\nSubject: A letter to try a scanner\r\n' +
      `Date: ${now.toUTCString()}\r\nMessage-ID: <try@postern.invalid>\r\n\r\n${text}\r\n`,
  );
}
