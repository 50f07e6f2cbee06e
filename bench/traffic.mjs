// The upstream and the load generator: in C, compiled on demand, or in Node where there is no compiler.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonAnswer, requestText, sseAnswer } from './answers.mjs';
import { cpuSeconds, ended, freePort, listening, start } from './processes.mjs';

const here = import.meta.dirname;

/** Load and upstream for one run, with their files below `directory`. */
export class Traffic {
  constructor(directory) {
    this.directory = directory;
    this.native = compiled(directory);
    writeFileSync(join(directory, 'answer.json'), jsonAnswer());
    writeFileSync(join(directory, 'answer.sse'), sseAnswer());
  }

  /** What the results say about it. */
  get generator() {
    return this.native ? 'C' : 'Node (no C compiler): it limits what it measures';
  }

  /** `sockets`: the one in Node, which speaks WebSocket. */
  async startUpstream(sockets = false) {
    const port = await freePort();
    const files = ['answer.json', 'answer.sse'].map((name) => join(this.directory, name));
    const child =
      this.native && !sockets
        ? start(join(this.native, 'upstream'), [String(port), ...files])
        : start(process.execPath, [join(here, 'load-upstream.mjs'), String(port)]);
    await listening(port, 'the upstream');
    this.upstream = { port, child };
    return this.upstream;
  }

  /** One run of a scenario against one port. Hands back counts, times and the share of its core that was busy. */
  async send(scenario, port, headers) {
    const before = cpuSeconds(this.upstream.child.pid);
    const result = JSON.parse(await ended(this.#generator(scenario, port, headers)));
    const busy = result.cpu_s + cpuSeconds(this.upstream.child.pid) - before;
    return { ...result, generator_share: busy / result.seconds };
  }

  #generator({ sockets, ...scenario }, port, headers) {
    const { conc, total, rate = 0, paced = 0, sessions = 200 } = scenario;
    const args = Object.entries({ port, conc, total, rate, sessions, paced: paced ? 1 : 0, limit: 120 });
    const text = args.map(([name, value]) => `${name}=${value}`);
    if (sockets) return start(process.execPath, [join(here, 'load-sockets.mjs'), ...text], { output: true });
    const file = join(this.directory, `request-${port}`);
    writeFileSync(file, requestText(scenario, port, headers));
    text.push(`request=${file}`);
    return this.native
      ? start(join(this.native, 'load'), text, { output: true })
      : start(process.execPath, [join(here, 'load.mjs'), ...text], { output: true });
  }
}

/** The directory with both programs, or null. */
function compiled(directory) {
  const out = join(directory, 'native');
  mkdirSync(out, { recursive: true });
  const built = ['upstream', 'load'].every(
    (name) => spawnSync('cc', ['-O2', '-o', join(out, name), join(here, 'native', `${name}.c`)]).status === 0,
  );
  return built ? out : null;
}
