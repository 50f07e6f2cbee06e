/**
 * Several registries of the same program in Prometheus' text format as one: each metric once, with the samples of all.
 * They must differ in a label. Sums are left to whoever asks: one added up here would look like a new start, or fall,
 * whenever one of the processes is replaced. Pure.
 */
export function joinTexts(texts: readonly string[]): string {
  const samples = new Map<string, string[]>();
  for (const text of texts) {
    for (const block of text.trimEnd().split('\n\n')) {
      const lines = block.split('\n');
      const head = lines.filter((line) => line.startsWith('#')).join('\n');
      const known = samples.get(head);
      const own = lines.filter((line) => !line.startsWith('#'));
      if (known === undefined) samples.set(head, own);
      else known.push(...own);
    }
  }
  return `${[...samples].map(([head, lines]) => [head, ...lines].join('\n')).join('\n\n')}\n`;
}
