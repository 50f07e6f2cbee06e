// Arguments and the answer of the load generators written in Node.

export function optionsFrom(argv) {
  const pairs = argv.map((text) => text.split('='));
  const given = Object.fromEntries(
    pairs.map(([name, value]) => [name, name === 'request' ? value : Number(value)]),
  );
  return { conc: 1, total: 1, rate: 0, sessions: 200, paced: 0, ...given };
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)] ?? -1;
  return { n: sorted.length, p50: at(0.5), p99: at(0.99) };
}

export function report({ latency, first_byte, event_delay }, errors, seconds) {
  const { user, system } = process.cpuUsage();
  const { refused, cut, status, unfinished } = errors;
  const result = {
    completed: latency.length,
    seconds,
    cpu_s: (user + system) / 1e6,
    failed: refused + cut + status + unfinished,
    errors,
    latency: spread(latency),
    first_byte: spread(first_byte),
    event_delay: spread(event_delay),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
