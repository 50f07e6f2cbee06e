// Whether the container is well: exit code 0 or 1, and one line that says why. Also Kubernetes' readiness probe.
// A database that is away is no reason to take a replica out: traffic flows and records wait on disk, and all replicas
// would go at once. `/readyz` itself stays strict, for alerts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const STATE = '/tmp/responses-proxy';
const PATIENCE_MS = 4_000;
const TOLERATED = new Set(['database']);

const role = read(`${STATE}/role`) ?? 'serve';
const problems = [...stoppedServices(), ...(await askedProblems())];
process.stdout.write(`${problems.length === 0 ? 'ready' : problems.join('; ')}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function stoppedServices() {
  const services = `${STATE}/services`;
  if (role !== 'all-in-one' || !existsSync(services)) return [];
  return readdirSync(services)
    .filter((name) => !name.startsWith('.') && existsSync(`${services}/${name}/run`))
    .filter(
      (name) =>
        spawnSync('s6-svstat', ['-o', 'up', `${services}/${name}`])
          .stdout?.toString()
          .trim() !== 'true',
    )
    .map((name) => `${name} is not running`);
}

async function askedProblems() {
  if (role === 'serve' || role === 'all-in-one') return problemsAt(process.env.PORT || '8000', '/readyz');
  const port = process.env.PROXY_WORKER_PORT || '0';
  return role === 'worker' && port !== '0' ? problemsAt(port, '/healthz') : [];
}

async function problemsAt(port, path) {
  const url = `http://${address()}:${port}${path}`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) return [];
    const { error = {} } = await answer.json();
    const named = Object.entries(error);
    if (named.length === 0) return [`${url} answered ${answer.status}`];
    return named.filter(([name]) => !TOLERATED.has(name)).map(([name, { message }]) => `${name}: ${message}`);
  } catch (error) {
    return [`${url} does not answer (${error.cause?.code ?? error.name})`];
  }
}

/** Listening everywhere includes loopback; listening on one address does not. */
function address() {
  const host = process.env.HOST || '127.0.0.1';
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
