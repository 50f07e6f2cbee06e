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
    const key = {
      resource_id: `resource ${HOSTILE}`,
      origin: `origin ${HOSTILE}`,
      pool_id: null,
      organization: `organization ${HOSTILE}`,
      status: 'degraded',
      reason: `reason ${HOSTILE}`,
      models: [`model ${HOSTILE}`],
      denied_models: [`denied ${HOSTILE}`],
    } as const;
    const file = {
      path: `path ${HOSTILE}`,
      provider: `provider ${HOSTILE}`,
      base_url: `url ${HOSTILE}`,
      points_here: true,
      problems: 0,
    };
    const about = `about ${HOSTILE}`;
    const text = doctorText(
      { diagnosis, about, keys: [key], codexFiles: [file], docsAt: (docs: string) => docs },
      false,
    );
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
      'resource',
      'origin',
      'organization',
      'reason',
      'model',
      'denied',
      'path',
      'provider',
      'url',
    ];
    for (const word of words) expect(text).toContain(`${word} gpt·[2J··1m·x`);
  });

  it('names the first models of a key, how many there are beside, and what none told', () => {
    const key = (resource_id: string, models: readonly string[] | null) =>
      ({
        resource_id,
        origin: 'OPENAI_API_KEY',
        pool_id: null,
        organization: null,
        status: 'healthy',
        reason: 'served',
        models,
        denied_models: [],
      }) as const;
    const keys = [key('many', ['a', 'b', 'c', 'd', 'e', 'f']), key('silent', null), key('empty', [])];
    const nothing: Diagnosis = { status: 'ok', checks: [] };
    const lines = doctorText(
      { diagnosis: nothing, about: '', keys, codexFiles: [], docsAt: String },
      false,
    ).split('\n');
    expect(lines.find((line) => line.startsWith('many'))).toMatch(
      /^many +OPENAI_API_KEY +healthy +not known +a, b, c, d and 2 more$/,
    );
    expect(lines.find((line) => line.startsWith('silent'))).toContain('it did not say');
    expect(lines.find((line) => line.startsWith('empty'))).toMatch(/ none$/);
    expect(lines.some((line) => line.startsWith('CODEX FILE'))).toBe(false);
  });
});
