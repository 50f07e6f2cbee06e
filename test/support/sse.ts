export interface ParsedEvent {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Events of a complete or cut stream; a trailing half event is left out. */
export function parseSse(text: string): ParsedEvent[] {
  const blocks = text.split(/\r?\n\r?\n/);
  blocks.pop();
  return blocks.flatMap((block) => {
    const data = /^data: ?(.*)$/m.exec(block)?.[1];
    const type = /^event: ?(.*)$/m.exec(block)?.[1];
    if (data === undefined) return [];
    try {
      return [{ type: type ?? '', data: JSON.parse(data) as Record<string, unknown> }];
    } catch {
      return [];
    }
  });
}

export const TERMINAL = /event: response\.(completed|failed|incomplete)\r?\ndata: .*\r?\n\r?\n$/;
