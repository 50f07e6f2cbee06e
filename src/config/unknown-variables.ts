import { NUMBERED_KEY, NUMBERED_KEY_VARIABLE } from './resource-env.js';

/** Ours all of them, or written as ours may be by mistake; the SDKs' own names are neither. */
const OURS = /^(PROXY_|OPENAI_RESOURCES?_)/;
/** Anything that would hold a key: `OPENAI_KEY`, `OPENAI_APIKEY`, `OPENAI_API_KEYS_1`, `OPENAI_API_TOKEN`. */
const LIKE_A_KEY = /^OPENAI_?(API|KEY|TOKEN|SECRET)/;
const LIKE_A_NUMBERED_KEY = /^OPENAI_?(API)?_?KEYS?_?\d+$/;
/** Read by OpenAI's SDKs and tools, meant for them. */
const OF_THE_SDKS = new Set(['OPENAI_API_BASE', 'OPENAI_API_HOST', 'OPENAI_API_TYPE', 'OPENAI_API_VERSION']);

/**
 * Variables that look like ours and are not: almost always a typing mistake, which would otherwise be silently
 * ignored. A warning only, because other software may use the same beginning. Names are shown, values never.
 */
export function unknownVariables(names: Iterable<string>, known: readonly string[]): string[] {
  const knownSet = new Set(known);
  return [...names]
    .filter((name) => looksLikeOurs(name) && !knownSet.has(name))
    .sort()
    .map((name) => {
      const nearest = meantName(name, known);
      return `${name} is not a variable of this proxy and is ignored${nearest === null ? '' : `; did you mean ${nearest}?`}`;
    });
}

function looksLikeOurs(name: string): boolean {
  if (OURS.test(name)) return true;
  return LIKE_A_KEY.test(name) && !OF_THE_SDKS.has(name) && !NUMBERED_KEY.test(name);
}

function meantName(name: string, known: readonly string[]): string | null {
  if (LIKE_A_NUMBERED_KEY.test(name)) return NUMBERED_KEY_VARIABLE.name;
  return nearestName(name, known) ?? (LIKE_A_KEY.test(name) ? 'OPENAI_API_KEY' : null);
}

/** The known name with the fewest edits, if they are few for its length. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(3, Math.floor(name.length / 4));
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
