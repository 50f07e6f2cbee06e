/* oxlint-disable no-restricted-imports -- types alone: nothing of the server comes into the page */
/** The live state as the admin API answers it: the very types of the server, under the names that the page has for them. */
export type { AdminStateDto as AdminState } from '../../admin/dto/admin-state.dto.js';
export type { CandidateDto as Candidate, DecisionDto as Decision } from '../../admin/dto/decision.dto.js';
export type { PeerDto as Peer } from '../../admin/dto/fleet.dto.js';
export type {
  ResourceHealthDto as ResourceHealth,
  ResourceStateDto as ResourceState,
} from '../../admin/dto/resource-state.dto.js';
