// What a run says without its machine: ratios of the product to the others of the same run, and how two such summaries
// differ. In every figure less is better.

const OTHERS = ['bare pipe', 'nginx', 'portkey'];
/** Times of a loaded core say more about the neighbours than about the product: these scenarios leave it idle. */
const TIMED = /1 connection|open loop/;

const ratio = (value, other) =>
  value > 0 && other > 0 ? Math.round((value / other) * 1000) / 1000 : undefined;

/** A busy or a lucky machine makes a direct request slower than a proxied one: no ratio then. */
const added = (result, direct, figure) => (direct ? result[figure] - direct[figure] : 0);

function figuresOf(result, of) {
  const bare = of('bare pipe');
  const direct = of('direct');
  const figures = {};
  for (const name of OTHERS) {
    const other = of(name);
    if (!other) continue;
    figures[`CPU / ${name}`] = ratio(result.cpu_us, other.cpu_us);
    if (result.cpu_per_event_us)
      figures[`CPU per event / ${name}`] = ratio(result.cpu_per_event_us, other.cpu_per_event_us);
  }
  if (bare && result.rss_per_stream_kb > 0)
    figures['memory per stream / bare pipe'] = ratio(result.rss_per_stream_kb, bare.rss_per_stream_kb);
  const times = [
    ...(TIMED.test(result.scenario) ? ['p50_ms', 'p99_ms', 'first_byte_p50_ms'] : []),
    ...(result.event_delay_p50_ms === null ? [] : ['event_delay_p50_ms', 'event_delay_p99_ms']),
  ];
  for (const time of bare ? times : []) {
    const name = time.replace('_ms', '').replaceAll('_', ' ');
    figures[`added ${name} / bare pipe`] = ratio(added(result, direct, time), added(bare, direct, time));
  }
  figures.failed = result.failed;
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}

/** `{ scenarios: { name: { contender: { figure: number } } } }` of a run's results. */
export function summaryOf({ results, memory, rounds, scale, generators, left_out }) {
  const scenarios = {};
  for (const result of results.filter(({ product }) => product)) {
    const of = (name) =>
      results.find(({ scenario, contender }) => scenario === result.scenario && contender === name);
    (scenarios[result.scenario] ??= {})[result.contender] = figuresOf(result, of);
  }
  for (const { group, contender, before_mb, after_mb } of memory) {
    if (!contender.startsWith('responses-proxy')) continue;
    const name = `memory after the load (${group})`;
    (scenarios[name] ??= {})[contender] = { 'memory after / before': ratio(after_mb, before_mb) };
  }
  return { version: 1, rounds, scale, generators, left_out, scenarios };
}

function rowsOf({ scenarios }) {
  return Object.entries(scenarios).flatMap(([scenario, contenders]) =>
    Object.entries(contenders).flatMap(([contender, figures]) =>
      Object.entries(figures).map(([figure, value]) => ({ scenario, contender, figure, value })),
    ),
  );
}

/**
 * Every figure of both, with `worse` where the new one is more than `limit` times the old. Times count with `times`
 * only. A figure that one of them lacks is told, not judged: another machine may lack a contender.
 */
export function compareSummaries(before, now, { limit = 1.15, times = false } = {}) {
  const key = ({ scenario, contender, figure }) => [scenario, contender, figure].join('\n');
  const old = new Map(rowsOf(before).map((row) => [key(row), row]));
  const current = new Map(rowsOf(now).map((row) => [key(row), row]));
  return [...new Map([...old, ...current]).entries()].map(([name, { scenario, contender, figure }]) => {
    const [was, is] = [old.get(name)?.value ?? null, current.get(name)?.value ?? null];
    const both = was !== null && is !== null;
    const judged = both && (times || !figure.startsWith('added'));
    const worse = judged && (figure === 'failed' ? is > was : is > was * limit);
    return {
      scenario,
      contender,
      figure,
      old: was,
      new: is,
      change: both && was > 0 ? is / was : null,
      worse,
    };
  });
}
