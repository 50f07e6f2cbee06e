// Starting, pinning, measuring and stopping the processes of a benchmark. Everything started here ends with it.
import { fork, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { once } from 'node:events';

const started = new Set();
const TICKS = Number(spawnSync('getconf', ['CLK_TCK']).stdout?.toString() || 100);

export const canPin = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0;

/** `core` 0 is the contender's, 1 everybody else's. */
export function start(script, { core, env = {}, flags = [], args = [], ipc = false, cwd }) {
  const options = { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'ignore', 'inherit'] };
  const child = ipc
    ? fork(script, args, { ...options, execArgv: flags, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    : spawn(process.execPath, [...flags, script, ...args], options);
  if (canPin) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)]);
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

export async function stopAll() {
  const ending = [...started].map((child) => {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    return gone.finally(() => clearTimeout(timer));
  });
  await Promise.all(ending);
}

process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function answering(url, limitMs = 30_000) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await fetch(url);
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${url} does not answer`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

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

/** CPU seconds of the tree since its start: user and system time as the kernel counts them. */
export function cpuSeconds(root) {
  const ticks = tree(root).reduce((sum, pid) => {
    const stat = statOf(pid);
    return stat ? sum + Number(stat[11]) + Number(stat[12]) : sum;
  }, 0);
  return ticks / TICKS;
}

export function rssMb(root) {
  return tree(root).reduce((sum, pid) => {
    const stat = statOf(pid);
    return stat ? sum + (Number(stat[21]) * 4096) / 1024 / 1024 : sum;
  }, 0);
}
