import { Injectable } from '@nestjs/common';
import type { ClientKey } from '../registry/client-key.entity.js';
import { RegistryStore } from '../registry/registry-store.service.js';

/** Callers without a key. */
const KEYLESS = new Set(['loopback', 'anonymous']);

type NamedKey = Pick<ClientKey, 'id' | 'name' | 'revokedAt' | 'createdAt'>;

export interface CallerName {
  readonly caller_name: string | null;
}

/** People know client keys by their names, history knows them by their ids. */
@Injectable()
export class CallerNames {
  constructor(private readonly store: RegistryStore) {}

  /** The caller that is meant, from memory. */
  idOf(text: string | undefined): string | undefined {
    return text === undefined ? undefined : callerIdOf(text, this.store.rows.clientKeys);
  }

  /** The name of the caller's key, from memory; null = it has none, or none that is known. */
  nameOf(id: string | null): string | null {
    return this.store.rows.clientKeys.find((key) => key.id === id)?.name ?? null;
  }

  /** The same of a page of rows, in one go. */
  named<Row extends { readonly caller_id: string | null }>(rows: readonly Row[]): (Row & CallerName)[] {
    const names = new Map(this.store.rows.clientKeys.map(({ id, name }) => [id, name]));
    return rows.map((row) => ({ ...row, caller_name: names.get(row.caller_id ?? '') ?? null }));
  }
}

/** An id stays itself, and so does what no key is called. Of several keys of one name, the newest that is not revoked. */
export function callerIdOf(text: string, keys: readonly NamedKey[]): string {
  if (KEYLESS.has(text) || keys.some(({ id }) => id === text)) return text;
  const wanted = text.toLowerCase();
  const named = keys.filter(({ name }) => name.toLowerCase() === wanted);
  const standing = named.filter(({ revokedAt }) => revokedAt === null);
  const [first, ...others] = standing.length > 0 ? standing : named;
  if (first === undefined) return text;
  return others.reduce((newest, key) => (key.createdAt > newest.createdAt ? key : newest), first).id;
}
