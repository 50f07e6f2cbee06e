/** Money is kept in millionths of a US dollar and told in dollars. Null = not known, which is not 0. */
export function usd(micro: number | null): number | null {
  return micro === null ? null : micro / 1_000_000;
}
