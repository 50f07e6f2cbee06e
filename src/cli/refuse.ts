/** Says why on standard error and answers the exit code. */
export function refuse(text: string, code: number): number {
  process.stderr.write(`${text.trimEnd()}\n`);
  return code;
}
