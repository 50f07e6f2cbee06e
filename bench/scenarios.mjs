// What is measured. `mode` tells the upstream what to answer; `group`: scenarios that share the same processes.
const PACED = { interval: 400, events: 15 };
const paced = (streams) => ({
  name: `${streams.toLocaleString('en')} paced streams`,
  group: `paced-${streams}`,
  mode: `paced:${PACED.interval}:${PACED.events}`,
  stream: true,
  paced: PACED,
  conc: streams,
  total: streams,
  // Begun over a second and a half, so that they do not beat together.
  rate: streams / 1.5,
  most: 2,
});
const body = (name, bytes, total, conc = 8) => ({
  name: `${name} request body`,
  bytes,
  total,
  conc,
  sessions: 1,
});

export const SCENARIOS = [
  { name: 'JSON 2 KB, 1 connection', conc: 1, total: 3_000 },
  { name: 'JSON 2 KB, 32 connections', conc: 32, total: 8_000 },
  { name: 'JSON 2 KB, 256 connections', conc: 256, total: 8_000 },
  { name: 'SSE burst, 32 connections', mode: 'burst', stream: true, conc: 32, total: 1_500 },
  {
    name: 'SSE event by event, 8 connections',
    mode: 'paced:1:200',
    stream: true,
    conc: 8,
    total: 160,
    paced: {},
  },
  body('10 KB', 10_000, 3_000),
  body('100 KB', 100_000, 1_500),
  body('1 MB', 1_000_000, 300),
  body('8 MB', 8_000_000, 40, 4),
  { name: 'open loop, 1,000/s, 50 ms upstream', mode: 'delay:50', rate: 1_000, total: 4_000, conc: 4_000 },
  paced(1_000),
  paced(2_000),
  { name: 'WebSocket turns, 8 sockets', group: 'sockets', sockets: true, stream: true, conc: 8, total: 800 },
].map((scenario) => ({ group: 'main', mode: 'json', bytes: 2_000, ...scenario }));

/** Those whose name contains one of the parts. */
export function chosen(parts) {
  if (parts.length === 0) return SCENARIOS;
  return SCENARIOS.filter(({ name }) =>
    parts.some((part) => name.toLowerCase().includes(part.toLowerCase())),
  );
}
