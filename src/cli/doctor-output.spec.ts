import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '../diagnosis/diagnose.js';
import { doctorText } from './doctor-output.js';

/** Clears the screen, writes from right to left, begins another line. */
const HOSTILE = 'gpt\u001b[2J\u202e\u009b1m\nx';

describe('what the doctor writes to a terminal', () => {
  it('has nothing in it that a terminal would act on, in any field', () => {
    const finding = {
      id: `id ${HOSTILE}`,
      severity: 'error',
      symptom: `symptom ${HOSTILE}`,
      evidence: [`evidence ${HOSTILE}`],
      cause: `cause ${HOSTILE}`,
      fix: `fix ${HOSTILE}`,
      docs: `docs ${HOSTILE}`,
    } as const;
    const diagnosis: Diagnosis = {
      status: 'error',
      checks: [
        { name: 'a', title: 'A', outcome: 'error', detail: null, findings: [finding] },
        { name: 'b', title: `title ${HOSTILE}`, outcome: 'ok', detail: null, findings: [] },
        {
          name: 'c',
          title: `skipped ${HOSTILE}`,
          outcome: 'skipped',
          detail: `detail ${HOSTILE}`,
          findings: [],
        },
      ],
    };
    const text = doctorText(diagnosis, `about ${HOSTILE}`, false);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).not.toMatch(/^x/m);
    const words = [
      'id',
      'symptom',
      'evidence',
      'cause',
      'fix',
      'docs',
      'title',
      'skipped',
      'detail',
      'about',
    ];
    for (const word of words) expect(text).toContain(`${word} gpt·[2J··1m·x`);
  });
});
