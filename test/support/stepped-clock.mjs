// For `--import`: a process whose wall clock is off by as many milliseconds as stand in the file RPX_TEST_CLOCK names.
// The monotonic clock is left alone, as it is when an administrator or NTP sets the time.
import { readFileSync } from 'node:fs';

const file = process.env.RPX_TEST_CLOCK;
const Real = Date;
let offset = 0;
const read = () => (offset = Number(readFileSync(file, 'utf8')));
read();
setInterval(read, 10).unref();
const now = () => Real.now() + offset;

globalThis.Date = new Proxy(Real, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
