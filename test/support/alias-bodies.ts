/** A request for an alias, spelled as nobody would: whoever writes it anew is found out. */
export const aliased = (name: string, rest = '"input":"hi"'): Buffer =>
  Buffer.from(`{ "metadata":{"model":"${name}"},\n"model" : "${name}"  , ${rest} }`);

/** The same with the model its upstream knows, and every other byte as it was. */
export const rewritten = (name: string, upstream: string, rest?: string): Buffer =>
  Buffer.from(
    aliased(name, rest)
      .toString()
      .replace(`"model" : "${name}"`, `"model" : ${JSON.stringify(upstream)}`),
  );
