// A process that appends to a spool until it is killed. Arguments: built file-spool module, spool root, ledger file.
// The ledger gets the name of a record after its append has returned.
import { openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , modulePath, root, ledgerPath] = process.argv;
const { FileSpool } = await import(pathToFileURL(modulePath).href);
const ledger = openSync(ledgerPath, 'a');
const quiet = { error() {}, warn() {}, info() {} };
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const spool = FileSpool.open({
  root,
  instanceId: 'inst_killed',
  maxBytes: 1e9,
  segmentBytes: 100_000,
  clock,
  logger: quiet,
});
const meta = { contentType: null, contentEncoding: null, size: 5000, truncated: false };

let n = 0;
function append() {
  for (let i = 0; i < 100; i++) {
    const id = `r${n++}`;
    spool.started({ t: 'started', id, at: Date.now() });
    writeSync(ledger, `started:${id}\n`);
    const request = n % 10 === 0 ? { meta, chunks: [Buffer.alloc(5000, 1)] } : null;
    spool.finished({ t: 'finished', id, at: Date.now() }, { request, response: null });
    writeSync(ledger, `finished:${id}\n`);
  }
  if (n === 1000) process.send('ready');
  setImmediate(append);
}
append();
