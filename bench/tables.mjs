// Tables of a run, for the terminal.

const fixed = (value, digits = 0) => (value === null || value === undefined ? '–' : value.toFixed(digits));
const over = (value, other, digits = 2) => (value && other ? (value / other).toFixed(digits) : '–');

/** Every figure of one scenario, a line for each contender. */
function rows(results) {
  const of = (name) => results.find(({ contender }) => contender === name);
  const direct = of('direct');
  const added = (r, name) => (direct && r !== direct ? fixed(r[name] - direct[name], 3) : '–');
  return results.map((r) => ({
    contender: r.contender,
    'CPU µs': fixed(r.cpu_us),
    '/bare': over(r.cpu_us, of('bare pipe')?.cpu_us),
    '/nginx': over(r.cpu_us, of('nginx')?.cpu_us),
    'portkey/': over(of('portkey')?.cpu_us, r.cpu_us, 1),
    'serving µs': fixed(r.cpu_serving_us),
    ...(r.worker_us === null ? {} : { 'worker µs': fixed(r.worker_us), 'services µs': fixed(r.services_us) }),
    'added p50 ms': added(r, 'p50_ms'),
    'added p99 ms': added(r, 'p99_ms'),
    'added first byte ms': added(r, 'first_byte_p50_ms'),
    ...(r.event_delay_p50_ms === null
      ? {}
      : {
          'µs/event': fixed(r.cpu_per_event_us, 1),
          'event delay p50 ms': added(r, 'event_delay_p50_ms'),
          p99: added(r, 'event_delay_p99_ms'),
          'KB/stream': fixed(r.rss_per_stream_kb),
        }),
    failed: r.failed,
    generator: `${fixed(r.generator_share * 100)} %`,
  }));
}

export function show({ results, memory }) {
  for (const name of new Set(results.map(({ scenario }) => scenario))) {
    console.log(`\n${name}`);
    console.table(rows(results.filter(({ scenario }) => scenario === name)));
  }
  console.log('\nResident memory, MB');
  console.table(memory.map((m) => ({ ...m, before_mb: fixed(m.before_mb), after_mb: fixed(m.after_mb) })));
}
