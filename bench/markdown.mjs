// The figures of a run as a block of docs/benchmarks.md, between two marks.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const START = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

const fixed = (value, digits = 0) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const over = (value, other, digits = 2) => (value && other ? (value / other).toFixed(digits) : '–');
const table = (head, rows) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

function byScenario(results) {
  return [...new Set(results.map(({ scenario }) => scenario))].map((scenario) => {
    const of = (name) => results.find((r) => r.scenario === scenario && r.contender === name);
    return { scenario, of, products: results.filter((r) => r.scenario === scenario && r.product) };
  });
}

function cpu(scenarios, names) {
  const rows = scenarios.map(({ scenario, of }) => {
    const own = of('responses-proxy')?.cpu_us;
    return [
      scenario,
      ...names.map((name) => fixed(of(name)?.cpu_us)),
      over(own, of('bare pipe')?.cpu_us),
      over(own, of('nginx')?.cpu_us, 1),
      over(of('portkey')?.cpu_us, own, 1),
    ];
  });
  return table(['CPU µs per request', ...names, '/ bare', '/ nginx', 'portkey /'], rows);
}

function apart(scenarios) {
  const rows = scenarios.flatMap(({ scenario, products }) =>
    products.map((r) => [
      scenario,
      r.contender,
      fixed(r.cpu_serving_us),
      fixed(r.cpu_us - r.cpu_serving_us),
      fixed(r.worker_us),
      fixed(r.services_us),
      String(r.failed),
      `${fixed(r.generator_share * 100)} %`,
    ]),
  );
  const head = [
    'CPU µs per request',
    'as',
    'while serving',
    'records after it',
    'worker',
    'Redis and Postgres',
  ];
  return table([...head, 'failed', 'load and upstream busy'], rows);
}

function times(scenarios, names) {
  const rows = scenarios
    .filter(({ scenario }) => /1 connection|open loop/.test(scenario))
    .flatMap(({ scenario, of }) =>
      ['p50_ms', 'p99_ms', 'first_byte_p50_ms'].map((figure) => [
        `${scenario}, ${figure.replace('_ms', '').replaceAll('_', ' ')}`,
        ...names.map((name) => fixed((of(name)?.[figure] ?? NaN) - (of('direct')?.[figure] ?? NaN), 2)),
      ]),
    );
  return table(['Added to a direct request, ms', ...names], rows);
}

function streams(scenarios, names) {
  const rows = scenarios
    .filter(({ products }) => products.some((r) => r.event_delay_p50_ms !== null))
    .flatMap(({ scenario, of }) => {
      const delay = (figure) => (name) =>
        fixed((of(name)?.[figure] ?? NaN) - (of('direct')?.[figure] ?? NaN), 2);
      return [
        [`${scenario}: CPU µs per event`, ...names.map((name) => fixed(of(name)?.cpu_per_event_us, 1))],
        [`${scenario}: delay added per event, p50 ms`, ...names.map(delay('event_delay_p50_ms'))],
        [`${scenario}: the same, p99 ms`, ...names.map(delay('event_delay_p99_ms'))],
        ...(scenario.includes('paced')
          ? [[`${scenario}: KB per stream`, ...names.map((name) => fixed(of(name)?.rss_per_stream_kb))]]
          : []),
      ];
    });
  return table(['Streams', ...names], rows);
}

function resident(memory, names) {
  const rows = [...new Set(memory.map(({ group }) => group))].map((group) => [
    group,
    ...names.map((name) => {
      const found = memory.find((m) => m.group === group && m.contender === name);
      return found ? `${fixed(found.before_mb)} → ${fixed(found.after_mb)}` : '–';
    }),
  ]);
  return table(['Resident memory before and 5 s after the load, MB', ...names], rows);
}

function block({ at, rounds, scale, machine, generators, left_out, results, memory }) {
  const scenarios = byScenario(results);
  const names = [...new Set(memory.map(({ contender }) => contender))];
  const load = machine.load.map((value) => value.toFixed(0)).join(' and ');
  const about =
    `${at.slice(0, 16).replace('T', ' ')} UTC, ${rounds} rounds at scale ${scale}, Node ${machine.node.slice(1)}, ${machine.cores} cores, ` +
    `${machine.pinned ? 'contenders pinned to one and load and upstream to another' : 'not pinned'}; load average of the machine ${load} ` +
    `before and after (the benchmark alone: about 1.5). Load generator and upstream: ${generators.join('; ')}. Left out: ${left_out.join('; ') || 'nothing'}.`;
  const parts = [cpu(scenarios, names), apart(scenarios), times(scenarios, names), streams(scenarios, names)];
  return [START, about, ...parts, resident(memory, names), END].join('\n\n');
}

export async function writeInto(file, found) {
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${file} has no block between ${START} and ${END}`);
  const written = text.slice(0, from) + block(found) + text.slice(to + END.length);
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), filepath: file }));
}
