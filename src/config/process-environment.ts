/** The one look at the real environment; everything else gets it passed in. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
