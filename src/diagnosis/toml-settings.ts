export interface TomlSetting {
  /** Table and key: `model_providers`, `proxy`, `base_url`. */
  readonly path: readonly string[];
  /** From 1. */
  readonly line: number;
  readonly kind: 'string' | 'inline_table' | 'table' | 'other';
  /** Text of a string, the rest as it stands. */
  readonly value: string;
}

const PART = /^\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*/;
const HEADER = /^\s*\[([^\]]*)\]\s*(?:#.*)?$/;
const MULTI_LINE = /^("""|''')/;

/**
 * The settings of a TOML file, one by one, for looking at: enough to tell a string from a table. Not a parser: it takes
 * what TOML would refuse, and leaves alone what is inside arrays and inline tables.
 */
export function tomlSettings(text: string): TomlSetting[] {
  const found: TomlSetting[] = [];
  let table: readonly string[] = [];
  let closing: string | null = null;
  for (const [index, row] of text.split(/\r?\n/).entries()) {
    if (closing !== null) {
      if (row.includes(closing)) closing = null;
      continue;
    }
    const setting = settingOf(row, index + 1, table);
    if (setting === null) continue;
    if (setting.kind === 'table') table = setting.path;
    else closing = openQuotes(row);
    found.push(setting);
  }
  return found;
}

function settingOf(text: string, line: number, table: readonly string[]): TomlSetting | null {
  const header = HEADER.exec(text)?.[1];
  if (header !== undefined) return { path: keyOf(header)?.path ?? [], line, kind: 'table', value: '' };
  const key = keyOf(text);
  if (key === null || !key.rest.startsWith('=')) return null;
  return { path: [...table, ...key.path], line, ...valueOf(key.rest.slice(1).trim()) };
}

/** Quotes of a text that goes on in the next lines. */
function openQuotes(text: string): string | null {
  const raw = text.slice(text.indexOf('=') + 1).trim();
  const quotes = MULTI_LINE.exec(raw)?.[1];
  return quotes === undefined || raw.slice(3).includes(quotes) ? null : quotes;
}

/** A dotted key at the beginning, and what follows it. */
function keyOf(text: string): { readonly path: string[]; readonly rest: string } | null {
  const path: string[] = [];
  let rest = text;
  for (;;) {
    const part = PART.exec(rest);
    if (part === null) return null;
    path.push(part[1] ?? part[2] ?? part[3] ?? '');
    rest = rest.slice(part[0].length);
    if (!rest.startsWith('.')) return { path, rest };
    rest = rest.slice(1);
  }
}

function valueOf(raw: string): Pick<TomlSetting, 'kind' | 'value'> {
  if (MULTI_LINE.test(raw)) return { kind: 'string', value: raw.slice(3).replace(/("""|''').*$/, '') };
  const string = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')/.exec(raw);
  if (string !== null)
    return { kind: 'string', value: (string[1] ?? string[2] ?? '').replaceAll('\\"', '"') };
  return { kind: raw.startsWith('{') ? 'inline_table' : 'other', value: raw.replace(/(?<!\s)\s*#.*$/, '') };
}
