import { randomBytes } from 'node:crypto';
import { errorBody, newWireId } from './upstream-replies.js';
import type { WireItem, WireResponse } from './upstream-replies.js';

export interface UpstreamKey {
  readonly key: string;
  readonly organization: string;
}

export interface Refusal {
  readonly status: number;
  readonly body: ReturnType<typeof errorBody>;
}

interface Stored {
  readonly owner: string;
  response: WireResponse;
  readonly input: readonly unknown[];
  readonly frames: readonly string[];
}

interface Conversation {
  readonly owner: string;
  readonly object: Record<string, unknown>;
  readonly items: WireItem[];
}

const refuse = (
  status: number,
  message: string,
  code: string | null = null,
  param: string | null = null,
): Refusal => ({ status, body: errorBody(message, 'invalid_request_error', code, param) });

/** Who owns what: keys belong to organisations, sealed content to organisations, stored things to one key (or one organisation). */
export class UpstreamAccounts {
  readonly #organizations = new Map<string, string>();
  readonly #responses = new Map<string, Stored>();
  readonly #conversations = new Map<string, Conversation>();

  constructor(
    keys: readonly UpstreamKey[],
    readonly ownership: 'key' | 'organization',
  ) {
    for (const { key, organization } of keys) this.#organizations.set(key, organization);
  }

  organizationOf(key: string | null): string | null {
    return key === null ? null : (this.#organizations.get(key) ?? null);
  }

  seal(organization: string): string {
    const content = Buffer.from(JSON.stringify({ organization, salt: randomBytes(160).toString('base64') }));
    return `gAAAAA${content.toString('base64url')}`;
  }

  /** The first reason why this key may not have this request, or null. */
  check(key: string, body: Readonly<Record<string, unknown>>): Refusal | null {
    return (
      this.#checkSeals(key, body) ?? this.#checkPrevious(key, body) ?? this.#checkConversation(key, body)
    );
  }

  store(key: string, response: WireResponse, input: unknown, frames: readonly string[]): void {
    const items = Array.isArray(input) ? input : [{ role: 'user', type: 'message', content: input }];
    this.#responses.set(response.id, { owner: this.#owner(key), response, input: items, frames });
  }

  /** The stored response if it exists and belongs to the key. */
  find(key: string, id: string): Stored | Refusal {
    const stored = this.#responses.get(id);
    if (stored && stored.owner === this.#owner(key)) return stored;
    return refuse(404, `Response with id '${id}' not found.`);
  }

  remove(id: string): void {
    this.#responses.delete(id);
  }

  createConversation(key: string, metadata: unknown): Record<string, unknown> {
    const object = {
      id: newWireId('conv'),
      object: 'conversation',
      created_at: Math.floor(Date.now() / 1000),
      metadata: metadata ?? {},
    };
    this.#conversations.set(object.id, { owner: this.#owner(key), object, items: [] });
    return object;
  }

  conversation(key: string, id: string): Conversation | Refusal {
    const found = this.#conversations.get(id);
    if (found && found.owner === this.#owner(key)) return found;
    return refuse(404, `Conversation with id '${id}' not found.`);
  }

  removeConversation(id: string): void {
    this.#conversations.delete(id);
  }

  #owner(key: string): string {
    return this.ownership === 'key' ? key : (this.organizationOf(key) ?? key);
  }

  #checkSeals(key: string, body: Readonly<Record<string, unknown>>): Refusal | null {
    const input = Array.isArray(body['input']) ? (body['input'] as Record<string, unknown>[]) : [];
    for (const item of input) {
      const sealed = item['encrypted_content'];
      if (typeof sealed !== 'string') continue;
      const organization = openSeal(sealed);
      if (organization === this.organizationOf(key)) continue;
      const why =
        organization === null
          ? 'Encrypted content could not be decrypted or parsed.'
          : 'Encrypted content organization_id did not match the target organization.';
      return refuse(
        400,
        `The encrypted content could not be verified. Reason: ${why}`,
        'invalid_encrypted_content',
      );
    }
    return null;
  }

  #checkPrevious(key: string, body: Readonly<Record<string, unknown>>): Refusal | null {
    const id = body['previous_response_id'];
    if (typeof id !== 'string' || 'response' in this.find(key, id)) return null;
    return refuse(
      400,
      `Previous response with id '${id}' not found.`,
      'previous_response_not_found',
      'previous_response_id',
    );
  }

  #checkConversation(key: string, body: Readonly<Record<string, unknown>>): Refusal | null {
    const value = body['conversation'];
    const id = typeof value === 'string' ? value : (value as { id?: string } | null | undefined)?.id;
    if (id === undefined) return null;
    const found = this.conversation(key, id);
    return 'object' in found ? null : found;
  }
}

function openSeal(sealed: string): string | null {
  try {
    const content = JSON.parse(Buffer.from(sealed.slice(6), 'base64url').toString()) as {
      organization?: string;
    };
    return content.organization ?? null;
  } catch {
    return null;
  }
}
