import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = 'src/diagnosis/checks';

export const CHECK_SOURCES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
  .map((name) => readFileSync(`${FOLDER}/${name}`, 'utf8'));

/** Of every finding there is, as the checks write them. */
export function findingIds(): string[] {
  return CHECK_SOURCES.flatMap((text) => [
    ...text.matchAll(/\bid: (?:[^'\n]*\? )?'([a-z_]+)'(?: : '([a-z_]+)')?/g),
    ...text.matchAll(/^ {2}([a-z_]+): \{\n {4}severity/gm),
  ]).flatMap((match) => [match[1], match[2]].filter((id) => id !== undefined));
}
