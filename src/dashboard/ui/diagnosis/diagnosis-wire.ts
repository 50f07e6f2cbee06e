/* oxlint-disable no-restricted-imports -- types alone: nothing of the server comes into the page */
/** Diagnosis as the admin API answers it: the very types of the server, under the names that the page has for them. */
export type {
  CheckResultDto as Check,
  CodexFileDto as CodexFile,
  DiagnosedKeyDto as DiagnosedKey,
  DiagnosticsDto as Diagnosis,
  FindingDto as Finding,
} from '../../../admin/dto/diagnostics.dto.js';
export type {
  FallbackDecisionDto as Fallback,
  RouteExplanationDto as RouteExplanation,
} from '../../../admin/dto/route-explain.dto.js';
