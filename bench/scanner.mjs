/**
 * Reading the routing fields of a request: the scanner against `JSON.parse`, over agent histories of several sizes.
 * Needs a build (`npm run build`); `--dist DIR` looks elsewhere.
 */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { agentHistory } from './agent-history.mjs';

const at = process.argv.indexOf('--dist');
const dist = resolve(at > 0 ? process.argv[at + 1] : new URL('../dist', import.meta.url).pathname);
const { scanRequestBody } = await import(pathToFileURL(`${dist}/proxy/request-scan.js`).href);

for (const [label, size] of [
  ['2 KB', 2_000],
  ['38 KB', 38_000],
  ['100 KB', 100_000],
  ['1 MB', 1_000_000],
  ['8 MB', 8_000_000],
]) {
  const body =
    label === '2 KB'
      ? Buffer.from(JSON.stringify({ model: 'gpt-5.5', input: 'x'.repeat(1900) }))
      : agentHistory(size);
  const rounds = Math.max(20, Math.min(20_000, Math.round(60_000_000 / body.length)));
  const scan = median(rounds, () => scanRequestBody(body));
  const parse = median(rounds, () => JSON.parse(body.toString('utf8')));
  console.log(
    `${label.padStart(6)} (${body.length} bytes): scanner ${scan.toFixed(4)} ms, JSON.parse ${parse.toFixed(4)} ms, ` +
      `ratio ${(parse / scan).toFixed(1)}`,
  );
}

function median(rounds, work) {
  for (let i = 0; i < Math.min(rounds, 200); i++) work();
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}
