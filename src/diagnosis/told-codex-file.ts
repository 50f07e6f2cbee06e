import type { CodexFileFacts } from './facts.js';

/** A configuration file of Codex as programs are told of it; what is wrong with it is a finding. */
export interface ToldCodexFile {
  readonly path: string;
  readonly provider: string | null;
  readonly base_url: string | null;
  readonly points_here: boolean;
  readonly problems: number;
}

export function toldCodexFile(file: CodexFileFacts): ToldCodexFile {
  const { path, provider, baseUrl, pointsHere, problems } = file;
  return { path, provider, base_url: baseUrl, points_here: pointsHere, problems: problems.length };
}
