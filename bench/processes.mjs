// Starting, pinning, measuring and stopping the processes of a benchmark. Everything started here ends with it.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { once } from 'node:events';

const started = new Set();
const TICKS = Number(spawnSync('getconf', ['CLK_TCK']).stdout?.toString() || 100);

export const canPin = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0;
/** The contender's core, and everybody else's. */
export const CONTENDER = 0;
export const OTHERS = 1;

/** `output`: what it writes is kept and handed back by `ended`, else thrown away. */
export function start(command, args = [], { core = OTHERS, env = {}, cwd, uid, output = false } = {}) {
  const [file, all] = canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, args];
  const child = spawn(file, all, {
    cwd,
    uid,
    gid: uid,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', output ? 'pipe' : 'ignore', 'inherit'],
  });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** What a process printed until it ended. */
export async function ended(child) {
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  await once(child, 'close');
  return said;
}

export async function stop(children) {
  const living = [...children].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const ending = living.map((child) => {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    return gone.finally(() => clearTimeout(timer));
  });
  await Promise.all(ending);
}

export const stopAll = () => stop(started);

process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));
// Ended by hand: without its children the run fails, and tidies up as after any failure. A killed nginx would leave its worker.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stopAll());

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function until(check, what, limitMs = 30_000) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

export const listening = (port, what) => until(() => accepts(port), `${what} listens`);

export const answering = (url) =>
  until(
    () =>
      fetch(url).then(
        (answer) => answer.ok,
        () => false,
      ),
    `${url} answers`,
  );

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null; // it has just ended
  }
}

/** The process and everything below it. */
function tree(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : null;
    if (stat) parents.set(Number(name), Number(stat[1]));
  }
  const inTree = (pid) => pid === root || (parents.has(pid) && inTree(parents.get(pid)));
  return [...parents.keys()].filter((pid) => inTree(pid));
}

/** Seconds on a CPU of all living threads, to the nanosecond, where the kernel keeps `schedstat`. */
function threadSeconds(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
      const text = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1');
      return sum + Number(text.slice(0, text.indexOf(' '))) / 1e9;
    }, 0);
  } catch {
    return 0; // not kept, or a thread has just ended
  }
}

/** `stat` counts ended threads too but in hundredths of a second, rounded down: the larger one is nearer. */
function processSeconds(pid) {
  const stat = statOf(pid);
  return stat ? Math.max((Number(stat[11]) + Number(stat[12])) / TICKS, threadSeconds(pid)) : 0;
}

/** CPU seconds of the tree since its start: user and system time as the kernel counts them. */
export const cpuSeconds = (root) => tree(root).reduce((sum, pid) => sum + processSeconds(pid), 0);

export function rssMb(root) {
  return tree(root).reduce((sum, pid) => {
    const stat = statOf(pid);
    return stat ? sum + (Number(stat[21]) * 4096) / 1024 / 1024 : sum;
  }, 0);
}
