import { check, type Given } from '../check.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const DOCS = section('container-health-check-fails');

/** What somebody outside of the process sees. */
export const PROCESS_CHECKS = [
  check('process', 'the proxy answers', ['process'], 'asked by responses-proxy doctor', (facts) => {
    const { state } = facts.process;
    if (state === 'running') return notReady(facts);
    if (state === 'refused') return [refused(facts)];
    if (state === 'outside') return [outside(facts)];
    if (state === 'stranger') return [stranger(facts)];
    return [state === 'silent' ? silent(facts) : notThere(facts)];
  }),
];

function notReady({ process: { url, notReady: wrong } }: Given<'process'>): Finding[] {
  if (wrong.length === 0) return [];
  return [
    {
      id: 'not_ready',
      severity: 'error',
      symptom: 'The container health check fails: /readyz answers 503.',
      evidence: wrong.map((line) => `${url}/readyz: ${line}`),
      cause: 'What the evidence names is missing or away.',
      fix: `curl -sS ${quoted(`${url}/readyz`)}   # again, when what the other findings say is done`,
      docs: DOCS,
    },
  ];
}

function refused({ process: { url, said } }: Given<'process'>): Finding {
  return {
    id: 'doctor_unauthorized',
    severity: 'error',
    symptom:
      'The registry returns 401, to the doctor as well: only what can be seen from outside was checked.',
    evidence: [`${url}/admin/diagnostics: ${said ?? 'refused'}`],
    cause:
      'The proxy wants another admin token than the PROXY_ADMIN_TOKEN of this shell, or this shell has none.',
    fix: 'PROXY_ADMIN_TOKEN=… responses-proxy doctor   # with the value the proxy was started with',
    docs: section('registry-returns-401'),
  };
}

function outside({ process: { url, said } }: Given<'process'>): Finding {
  return {
    id: 'doctor_outside',
    severity: 'note',
    symptom: 'Only what can be seen from outside of the proxy was checked.',
    evidence: [`${url}: ${said ?? 'not asked'}`],
    cause:
      'What is inside is told to the admin token, and no proxy runs at HOST and PORT of this environment.',
    fix: 'responses-proxy doctor   # on the machine of the proxy; or here with its PROXY_ADMIN_TOKEN and --url https://…',
    docs: section('registry-returns-401'),
  };
}

function stranger({ process: { url, said } }: Given<'process'>): Finding {
  const port = new URL(url).port || '80';
  return {
    id: 'port_in_use',
    severity: 'error',
    symptom: `The start ends with "Port ${port} … is already in use"; the container health check fails.`,
    evidence: [`${url}/healthz: ${said ?? 'another program answers'}`],
    cause: 'Another program listens on the port of the proxy.',
    fix: `ss -ltnp 'sport = :${port}'   # says which; stop it, or start the proxy with PORT=8001`,
    docs: DOCS,
  };
}

function silent({ process: { url, said } }: Given<'process'>): Finding {
  const port = new URL(url).port || '80';
  return {
    id: 'process_silent',
    severity: 'error',
    symptom: 'The container health check fails: connections are accepted and nothing is answered.',
    evidence: [`${url}: ${said ?? 'no answer'}`],
    cause: 'The process, or the machine, is frozen, overloaded or swapping.',
    fix: `ss -ltnp 'sport = :${port}'   # names the process: look at its CPU, memory and last log lines, and restart it if it stays so`,
    docs: DOCS,
  };
}

function notThere({ process: { url, said } }: Given<'process'>): Finding {
  return {
    id: 'process_not_running',
    severity: 'warning',
    symptom: 'Nothing answers; in a container the health check fails.',
    evidence: [`${url}: ${said ?? 'no connection'}`],
    cause: 'The proxy has not been started, has exited, or listens elsewhere (PORT, HOST).',
    fix: 'responses-proxy serve   # its last line says why it ended; in a container: docker logs <name>. What keeps it from starting is below, if it could be seen from here.',
    docs: DOCS,
  };
}
