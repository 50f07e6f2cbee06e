import { HEAP_FLAG } from '../../common/heap-flag.js';
import { BY_THE_PROXY, check, type Given } from '../check.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const DOCS = section('the-configuration-is-refused-or-a-variable-has-no-effect');
/** An upstream certificate, a token and a record are all off by then; half a minute is still a clock that runs. */
const CLOCK_TOLERANCE_MS = 30_000;

export const SETTINGS_CHECKS = [
  check('configuration', 'the environment can be used', ['settings'], BY_THE_PROXY, (facts) => [
    ...invalid(facts),
    ...unread(facts),
    ...uncheckedTls(facts),
  ]),
  check('clock', 'the clock agrees with others', ['clock'], BY_THE_PROXY, clockOff),
  check('heap', 'memory is set aside for many streams', ['traffic'], BY_THE_PROXY, smallHeap),
];

function invalid({ settings: { problems } }: Given<'settings'>): Finding[] {
  if (problems.length === 0) return [];
  return [
    {
      id: 'configuration_invalid',
      severity: 'error',
      symptom: 'The start ends with code 78; a container stops as soon as it has started.',
      evidence: problems,
      cause: 'A variable has a value that cannot be used.',
      fix: `Correct ${namesIn(problems).join(', ') || 'what the evidence names'} where the proxy is started; docs/configuration.md has what each accepts.`,
      docs: DOCS,
    },
  ];
}

function unread({ settings: { warnings } }: Given<'settings'>): Finding[] {
  if (warnings.length === 0) return [];
  return [
    {
      id: 'variable_without_effect',
      severity: 'warning',
      symptom: 'A setting seems to be ignored.',
      evidence: warnings,
      cause:
        'A variable looks like one of this program and is none, or has no use beside the others: almost always a typing mistake.',
      fix: corrections(warnings),
      docs: DOCS,
    },
  ];
}

/** Each begins with the variable it is about. */
function namesIn(lines: readonly string[]): string[] {
  return [...new Set(lines.flatMap((line) => /^[A-Z][A-Z0-9_]+/.exec(line)?.[0] ?? []))];
}

/** The value goes where it was meant to. */
function corrections(warnings: readonly string[]): string {
  const meant = warnings.flatMap((line) => {
    const [, wrong, right] = /^([A-Z][A-Z0-9_]*) .*did you mean ([A-Z][A-Z0-9_]*)\?/.exec(line) ?? [];
    return wrong === undefined || right === undefined ? [] : [`export ${right}="$${wrong}"; unset ${wrong}`];
  });
  if (meant.length === warnings.length)
    return `${meant.join('; ')}   # where the proxy is started, then start it again`;
  return `Correct or remove ${namesIn(warnings).join(', ') || 'what the evidence names'} where the proxy is started, then start it again.`;
}

function uncheckedTls({ settings: { tlsUnchecked } }: Given<'settings'>): Finding[] {
  if (!tlsUnchecked) return [];
  return [
    {
      id: 'tls_unchecked',
      severity: 'warning',
      symptom: 'Upstream keys can be read by whoever is on the way.',
      evidence: ['NODE_TLS_REJECT_UNAUTHORIZED=0'],
      cause: 'Certificates are not checked, so any server may say that it is the upstream and gets the keys.',
      fix: 'unset NODE_TLS_REJECT_UNAUTHORIZED   # where the proxy is started; for a private authority: export NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
      docs: section('the-proxy-is-open-to-strangers'),
    },
  ];
}

function clockOff({ clock }: Given<'clock'>): Finding[] {
  const off = clock.offsets.filter(({ ms }) => Math.abs(ms) > CLOCK_TOLERANCE_MS);
  if (off.length === 0) return [];
  return [
    {
      id: 'clock_skew',
      severity: 'warning',
      symptom:
        'Times in the history are wrong, TLS certificates seem to be expired or not valid yet, client keys end early or late.',
      evidence: off.map(
        ({ of, ms }) =>
          `the clock here is ${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead of' : 'behind'} ${of}`,
      ),
      cause: 'The clock of this machine is wrong, or theirs is.',
      fix: 'timedatectl set-ntp true   # on the host; a container has its clock from there',
      docs: section('the-clock-is-wrong'),
    },
  ];
}

function smallHeap({ traffic: { smallHeapOf: program } }: Given<'traffic'>): Finding[] {
  if (program === null) return [];
  return [
    {
      id: 'small_heap',
      severity: 'note',
      symptom: 'With hundreds of streams, events of all of them stutter while the process warms up.',
      evidence: [`the process runs ${program} without ${HEAP_FLAG}`],
      cause:
        'It was started directly. The start script, the image and PROXY_PROCESSES give Node a heap to begin with; one that has to grow is collected whole each time it does.',
      fix: `node ${HEAP_FLAG} ${quoted(program)} serve`,
      docs: section('streams-of-many-clients-stutter'),
    },
  ];
}
