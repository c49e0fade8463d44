/** Settings of flows for tests: mode guard, and nothing ends automatically. */
import { enforcementOf } from '../../src/core/enforcement/enforcement.ts';
import type { Settings } from '../../src/flow/settings.ts';

export const settingsOfTests: Settings = {
  mode: 'guard',
  enforce: [],
  enforced: enforcementOf([]),
  seed: 7,
  contact: 'postmaster@mail.test',
  whenFailing: 'answer',
  calmAfterMs: 0,
  releaseAfterMs: 0,
  automaticReleasesMax: 1,
};
