// `npm start`: from a fresh clone to a listening proxy. Arguments are passed on to the command line of the proxy.
import { spawn } from 'node:child_process';
import { build, install, isCheckout, MAIN, NODE_FLAGS, requireNode, say, StepError } from './steps.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

try {
  requireNode();
  if (isCheckout()) {
    await install();
    await build();
  }
  run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

function run(args) {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...(args.length > 0 ? args : ['serve'])], {
    stdio: 'inherit',
    // A process group of its own: a terminal's Ctrl-C reaches npm, the shell and this process, and npm forwards it once
    // more. The proxy must hear it once, because a second signal means "do not wait for running requests".
    detached: true,
  });
  const heard = new Map();
  const forward = (signal) => {
    const repeated = performance.now() - (heard.get(signal) ?? -Infinity) < 500;
    heard.set(signal, performance.now());
    if (!repeated) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  child.once('error', (error) => {
    say(`cannot start ${MAIN}: ${error.message}`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // End the same way, so that whoever waits sees the signal and not a number.
    for (const name of SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
  if (process.env.npm_lifecycle_event !== undefined) stopWithNpm(forward);
}

/** npm runs scripts through a shell, and some shells die of a signal without passing it on. */
function stopWithNpm(forward) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    forward('SIGTERM');
  }, 500);
  watch.unref();
}
