/**
 * Test messages that show whether a scanner works: one that every scanner must find bad, and an
 * ordinary one.
 */
import type { ScannerName } from '../../core/scan/report.ts';

// In parts, so that no scanner takes this file for bad.
const gtube = ['XJS*C4JDBQADN1.NSBN3*2IDNEN*', 'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL', '*C.34X'];
const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'];

/** GTUBE, the "Generic Test for Unsolicited Bulk Email"; for ClamAV the test file of EICAR. */
export function badTestMessage(name: ScannerName, now: Date): Buffer {
  return testMessage((name === 'clamav' ? eicar : gtube).join(''), now);
}

export function ordinaryTestMessage(now: Date): Buffer {
  return testMessage('Shall we have lunch together tomorrow?', now);
}

function testMessage(text: string, now: Date): Buffer {
  return Buffer.from(
    'From: postern@localhost\r\nTo: postern@localhost\r\n' +
      `Subject: A test message for a scanner\r\nDate: ${now.toUTCString()}\r\n` +
      `Message-ID: <try@postern.invalid>\r\n\r\n${text}\r\n`,
  );
}
