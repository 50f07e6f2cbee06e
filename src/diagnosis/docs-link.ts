/** Where a running proxy serves a section of its documents: `docs/troubleshooting.md#x` is `/docs/guide/troubleshooting#x`. */
export function guidePath(docs: string): string {
  return docs.replace(/^docs\/([\w-]+)\.md/, '/docs/guide/$1');
}
