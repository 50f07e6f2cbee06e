/** The text with its generated part replaced; null when it has no place for it: `<!-- NAME:begin -->` and `…:end`. */
export function replaceGenerated(text: string, name: string, part: string): string | null {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) return null;
  return `${text.slice(0, from + begin.length)}\n\n${part}\n${text.slice(to)}`;
}
