import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nodeFlags } from './node-flags.js';

it('has the flag of the start script and the image, unless the primary was given one', () => {
  const [flag = ''] = nodeFlags([]);
  for (const file of ['script/steps.mjs', 'docker/entrypoint.sh', 'docker/supervisor/api'])
    expect(readFileSync(file, 'utf8'), file).toContain(flag);
  const own = ['--inspect', '--initial-old-space-size=64'];
  expect(nodeFlags(own)).toEqual(own);
});
