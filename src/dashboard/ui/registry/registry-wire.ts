/* oxlint-disable no-restricted-imports -- types alone: nothing of the server comes into the page */
import type {
  ClientKeyDraft,
  ClientKeyStateDto,
  CreatedClientKeyDto,
} from '../../../admin/dto/client-key.dto.js';

/** The registry as the admin API answers it: the very types of the server, under the names that the page has for them. */
export type { AuditEntryDto as AuditEntry, AuditListDto as AuditList } from '../../../admin/dto/audit.dto.js';
export type { KeyUsageDto as KeyUse } from '../../../admin/dto/client-key.dto.js';
export type {
  ModelDto as ModelRow,
  ModelListDto as ModelList,
  ModelPricesDto as ModelPrices,
} from '../../../admin/dto/model.dto.js';
export type {
  ProviderDto as ProviderRow,
  ProviderListDto as ProviderList,
  ProviderRoutingDto as Routing,
} from '../../../admin/dto/provider.dto.js';
export type {
  ProviderPresetDto as Preset,
  ProviderPresetListDto as PresetList,
  ProviderTrialDto as Trial,
  TrialStepDto as TrialStep,
} from '../../../admin/dto/trial.dto.js';

/** Who makes a key may leave limits out; answers tell all of them. */
export type KeyTerms = Required<ClientKeyDraft>;
export type KeyRow = Required<ClientKeyStateDto>;
export type CreatedKey = Required<CreatedClientKeyDto>;

export interface KeyList {
  readonly keys: readonly KeyRow[];
}
