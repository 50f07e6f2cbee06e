import { check, type Given } from '../check.js';
import type { CodexFileFacts, CodexProblem } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const FIX = 'responses-proxy codex --print   # the right TOML and the right -c overrides, one setting each';

export const CODEX_CHECKS = [
  check(
    'codex',
    'Codex configuration files can be used',
    ['codexFiles'],
    'run responses-proxy doctor where Codex runs',
    (facts) => [
      ...facts.codexFiles.flatMap((file) => file.problems.map((problem) => finding(file, problem))),
      ...elsewhere(facts),
    ],
  ),
];

type Words = Pick<Finding, 'id' | 'severity' | 'symptom' | 'cause'>;

const WORDS: Readonly<Record<CodexProblem['kind'], Words>> = {
  inline_string: {
    id: 'codex_inline_string',
    severity: 'error',
    symptom: 'Codex does not start: invalid type: string "…", expected struct ModelProviderInfo.',
    cause: 'The provider is given as one string. It must be a table, or one setting per line.',
  },
  unknown_provider: {
    id: 'codex_unknown_provider',
    severity: 'error',
    symptom: 'Codex does not start: its model provider is not found.',
    cause: 'model_provider names a provider that the file does not describe.',
  },
  wire_api: {
    id: 'codex_wire_api',
    severity: 'error',
    symptom: 'Codex does not start, or asks for routes that are not there.',
    cause:
      'wire_api must be "responses": nothing else is spoken here, and current Codex accepts nothing else.',
  },
  base_url: {
    id: 'codex_base_url',
    severity: 'error',
    symptom: 'Codex gets 404 unknown_route.',
    cause: 'base_url must end with /v1.',
  },
  env_key: {
    id: 'codex_env_key',
    severity: 'warning',
    symptom: 'Codex ends with: Missing environment variable.',
    cause: 'env_key must name a variable that is set in this shell. A key itself does not belong there.',
  },
  built_in_override: {
    id: 'codex_built_in',
    severity: 'warning',
    symptom: 'Codex ignores the provider, or refuses to start.',
    cause: 'The ids openai, ollama and lmstudio are built in and cannot be described anew.',
  },
  unreadable: {
    id: 'codex_unreadable',
    severity: 'warning',
    symptom: 'Codex may not see its configuration.',
    cause: 'The file cannot be read.',
  },
};

function finding({ path }: CodexFileFacts, { kind, line, text }: CodexProblem): Finding {
  return {
    ...WORDS[kind],
    evidence: [`${path}${line === null ? '' : `:${line}`}: ${text}`],
    fix: kind === 'unreadable' ? `ls -ld ${quoted(path)}   # must be a file that this user may read` : FIX,
    docs: section(
      kind === 'inline_string' ? 'codex-toml-given-as-one-inline-string' : 'codex-does-not-use-the-proxy',
    ),
  };
}

function elsewhere({ codexFiles }: Given<'codexFiles'>): Finding[] {
  if (
    codexFiles.length === 0 ||
    codexFiles.some(({ pointsHere, problems }) => pointsHere || problems.length > 0)
  )
    return [];
  return [
    {
      id: 'codex_elsewhere',
      severity: 'note',
      symptom: 'Codex does its turns without the proxy.',
      evidence: codexFiles.map(
        ({ path, provider, baseUrl }) =>
          `${path}: provider ${provider ?? 'openai (built in)'}${baseUrl === null ? '' : `, ${baseUrl}`}`,
      ),
      cause:
        'No Codex configuration of this user points to the proxy. That is right where it is started with responses-proxy codex.',
      fix: 'responses-proxy codex   # runs Codex through the proxy without changing a file; --print shows what to write for good',
      docs: section('codex-does-not-use-the-proxy'),
    },
  ];
}
