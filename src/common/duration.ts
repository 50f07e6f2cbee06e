/** 950 → "950 ms", 1500 → "1.5 s", 12345 → "12 s". */
export function duration(ms: number): string {
  const whole = Math.round(ms);
  return whole < 1_000 ? `${whole} ms` : `${(whole / 1_000).toFixed(whole < 9_950 ? 1 : 0)} s`;
}

/** Coarse, for people: "12 s", "5 min", "3 h", "2 d". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(seconds / 3_600);
  return hours < 24 ? `${hours} h` : `${Math.round(seconds / 86_400)} d`;
}
